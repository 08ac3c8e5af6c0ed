"""What all pages share: how a template is filled, and how a page gets onto the disk."""

from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from etude.folders import write_text


def save_page(path: Path, page: str) -> None:
    """Writes a page in one step; an earlier file stays whole until then.

    Raises:
        StorageError: The disk is full or may not be written.
    """
    # Character references keep the file plain ASCII: it reads the same under any locale and any server.
    write_text(path, page.encode("ascii", "xmlcharrefreplace").decode("ascii"))


def filled(template: str, filters: Mapping[str, Callable[..., Any]], **values: Any) -> str:
    """A template of this folder with its values in it, escaped; a name that has no value is an error."""
    import jinja2

    source = (resources.files("etude.viewer") / template).read_text(encoding="utf-8")
    frame = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    frame.filters.update(filters)
    return frame.from_string(source).render(**values)
