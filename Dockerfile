# syntax=docker/dockerfile:1
# One image for all roles; the command decides which one runs.
#
#   docker build -t adgfleet .                   the fleet: workers, producer, pages, Flower; nothing of the emulator's
#   docker build -t adgfleet-demo --target demo . the same with what the emulator needs besides
#
# What is installed is what the lock files name, with their hashes; `make lock` writes them. A site that wants the base
# fixed to the byte gives its digest: --build-arg PYTHON=python:3.11.13-slim-bookworm@sha256:…
ARG PYTHON=python:3.11.13-slim-bookworm

FROM ${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/build && python -m venv --without-pip /opt/adgfleet
COPY requirements.lock requirements-fleet.lock ./
# setuptools builds the wheel, in the version of the lock file; it is not part of the image.
RUN sed -n '/^setuptools==/,/[^\\]$/p' requirements.lock > build.lock \
 && /opt/build/bin/pip install --require-hashes -r build.lock \
 && /opt/build/bin/pip --python /opt/adgfleet/bin/python install --require-hashes --only-binary :all: -r requirements-fleet.lock
COPY . .
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheel . \
 && /opt/build/bin/pip --python /opt/adgfleet/bin/python install --no-deps /wheel/*.whl

FROM build AS build-demo
RUN /opt/build/bin/pip --python /opt/adgfleet/bin/python install --require-hashes --only-binary :all: -r requirements-demo.lock

FROM ${PYTHON} AS base
# The last two directories are where volumes go: a new volume takes their owner over.
RUN useradd --system --uid 10001 --no-create-home adgfleet \
 && install -d -o adgfleet -g adgfleet /var/lib/adgfleet /var/lib/adgfleet/databases /var/lib/adgfleet/flower
ENV PATH=/opt/adgfleet/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /var/lib/adgfleet
USER adgfleet
ENTRYPOINT ["adgfleet"]
CMD ["--help"]

FROM base AS demo
COPY --from=build-demo /opt/adgfleet /opt/adgfleet

FROM base AS fleet
COPY --from=build /opt/adgfleet /opt/adgfleet
