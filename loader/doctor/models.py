"""Models: whether they are there, and whether a picture and a text can be embedded with them, on standbys only."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from fleet.statements import statement
from loader.doctor.findings import Verdict, bad, good
from loader.doctor.visit import Purpose, Visit

#: A text that every model should know.
_TEXT = "a blue bird"
#: Pixels of the canary's edges.
_EDGE = 224


def canary_picture() -> bytes:
    """Return a small picture that no model can have anything against: a JPEG of a blue disc."""
    image = Image.new("RGB", (_EDGE, _EDGE), "white")
    ImageDraw.Draw(image).ellipse((40, 40, _EDGE - 40, _EDGE - 40), fill="blue")
    stream = io.BytesIO()
    image.save(stream, "JPEG")
    return stream.getvalue()


@dataclass
class ModelChecks:
    """One account's look at both models in one database; keeps a vector for what comes after."""

    visit: Visit
    #: What the picture model made of the canary; None until it has.
    vector: Sequence[float] | None = None

    def present(self, name: str) -> Verdict:
        """Whether a model is there and may be used; runs nothing.

        Args:
            name: IMAGE_MODEL or TEXT_MODEL, with or without its owner.
        """
        visit = self.visit
        owner, _, model = name.upper().rpartition(".")
        found = visit.value(
            "SELECT COUNT(*) FROM all_mining_models WHERE owner = :owner AND model_name = :model",
            owner=owner or visit.user,
            model=model,
        )
        if found:
            return good(f"model {name} is there")
        load = f"adgfleet load model FILE --name {model.lower()}, as the owner"
        if visit.purpose is Purpose.OWNER:
            return bad(f"there is no model {name}", f"{load}; redo brings it to every standby")
        return bad(
            f"{visit.user} sees no model {name}",
            f"name it with its owner in IMAGE_MODEL and TEXT_MODEL; load it ({load}), or grant it: "
            f"run {visit.purpose.script}",
        )

    def embeds_picture(self) -> Verdict:
        """Whether the picture model embeds the canary, and how fast."""
        name = self.visit.settings.image_model
        missing = self.present(name)
        if missing.has_failed:
            return missing
        started = time.monotonic()
        query, picture = statement("image_vector", image_model=name), canary_picture()
        self.visit.value(query, picture=picture)
        first = time.monotonic() - started
        self.vector = self.visit.value(query, picture=picture)
        again = time.monotonic() - started - first
        if self.vector is None:
            return bad(f"model {name} made no vector of a picture", f"load it again, or another file: {name}")
        stored = self._stored_dimensions()
        if stored not in {None, len(self.vector)}:
            return bad(
                f"model {name} makes {len(self.vector)} dimensions, but the stored vectors have {stored}",
                "load the model again that the stored vectors were made with, or empty PICTURE_EMBEDDINGS",
            )
        return good(
            f"{name} embeds a picture: {len(self.vector)} dimensions, {first:.2f} s with loading the model, "
            f"then {again:.2f} s"
        )

    def embeds_text(self) -> Verdict:
        """Whether the text model embeds a text into the same space."""
        name = self.visit.settings.text_model
        missing = self.present(name)
        if missing.has_failed:
            return missing
        vector = self.visit.value(statement("text_vector", text_model=name), search_text=_TEXT)
        if self.vector is not None and len(vector) != len(self.vector):
            return bad(
                f"model {name} makes {len(vector)} dimensions, the picture model {len(self.vector)}: they are no pair",
                "load the pair that was trained together",
            )
        return good(f"{name} embeds a text: {len(vector)} dimensions")

    def _stored_dimensions(self) -> int | None:
        if not self.visit.owner:
            return None
        found = self.visit.value(
            "SELECT VECTOR_DIMENSION_COUNT(embedding) FROM picture_embeddings WHERE embedding IS NOT NULL "
            "FETCH FIRST 1 ROWS ONLY"
        )
        return None if found is None else int(found)
