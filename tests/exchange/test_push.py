"""Uploading: what is sent to the hub, private unless asked, and what is said where it cannot be."""

from pathlib import Path

import pytest

from tests.conftest import require
from tests.exchange.hub_server import TOKEN, Hub
from tests.exchange.worlds import python

require("huggingface_hub")

CODE = (
    "import sys\nfrom pathlib import Path\nfrom etude.errors import EtudeError\nfrom etude.exchange.push import push\n"
    "try:\n    print(push(Path('rows'), 'me/lab-rows', 'dataset', public={public}))\n"
    "except EtudeError as error:\n    print('REFUSED', error)\n"
)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with an export in it."""
    import pyarrow.parquet

    (tmp_path / "rows" / "data").mkdir(parents=True)
    (tmp_path / "rows" / "README.md").write_text('---\nlicense: "mit"\n---\n\n# Rows\n')
    (tmp_path / "rows" / ".etude-export").write_text("ours")
    pyarrow.parquet.write_table(pyarrow.table({"prompt": ["a"]}), tmp_path / "rows" / "data" / "train.parquet")
    return tmp_path


def pushed(desk: Path, address: str, token: str, public: bool = False) -> str:
    return python(
        CODE.format(public=public), desk, HF_ENDPOINT=address, HF_TOKEN=token, HF_HUB_OFFLINE="0",
        HF_HOME=str(desk / "home"),
    )  # fmt: skip


@pytest.mark.parametrize("public", [False, True])
def test_a_folder_becomes_a_repository(desk: Path, public: bool) -> None:
    with Hub() as hub:
        said = pushed(desk, hub.address, TOKEN, public)
        assert f"{hub.address}/datasets/me/lab-rows" in said
        assert "c0ffee" in said
        assert hub.repositories["datasets/me/lab-rows"]["visibility"] == ("public" if public else "private")
        files = hub.files["datasets/me/lab-rows"]
        assert set(files) == {"README.md", "data/train.parquet"}
        assert files["data/train.parquet"] == (desk / "rows" / "data" / "train.parquet").read_bytes()
        assert TOKEN not in said


def test_a_token_that_is_refused_is_named_and_not_shown(desk: Path) -> None:
    with Hub() as hub:
        said = pushed(desk, hub.address, "hf_stale")
        assert "REFUSED" in said
        assert "hf auth login" in said
        assert "hf_stale" not in said
        assert not hub.files


def test_without_a_token_nothing_is_asked(desk: Path) -> None:
    with Hub() as hub:
        said = pushed(desk, hub.address, "")
        assert "REFUSED there is no token" in said
        assert "HF_TOKEN" in said
        assert not hub.asked


def test_a_hub_out_of_reach_loses_nothing(desk: Path) -> None:
    said = pushed(desk, "http://127.0.0.1:9", TOKEN)
    assert "cannot be reached" in said
    assert "hf upload me/lab-rows rows --repo-type dataset" in said
    assert (desk / "rows" / "README.md").exists()
