# One image for all roles; the command decides which one runs. The emulator's dependencies are not in it.
FROM python:3.11-slim AS build
WORKDIR /src
COPY . .
RUN python -m venv /opt/adgfleet && /opt/adgfleet/bin/pip install --no-cache-dir '.[web]'

FROM python:3.11-slim
RUN useradd --system --uid 10001 adgfleet
COPY --from=build /opt/adgfleet /opt/adgfleet
ENV PATH=/opt/adgfleet/bin:$PATH PYTHONUNBUFFERED=1
USER adgfleet
ENTRYPOINT ["adgfleet"]
CMD ["--help"]
