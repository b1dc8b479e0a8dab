"""The notebooks of examples/: run, compared with what is committed, written anew.

python -m tests.support.notebooks      runs them all and keeps their outputs
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbformat import NotebookNode

EXAMPLES = Path(__file__).parents[2] / "examples"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
ENVIRONMENT = {
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # else debugpy warns of frozen modules
    "PYTHONWARNINGS": "ignore:IProgress not found",  # tqdm's, where ipywidgets is not installed
}
READABLE = ("text/plain", "text/markdown")


def read(path: Path) -> NotebookNode:
    """Return a notebook as it is committed."""
    import nbformat

    return nbformat.read(path, as_version=4)


def executed(path: Path) -> NotebookNode:
    """Run a notebook in its folder with this Python; return it without times, versions and paths."""
    from nbformat import from_dict

    notebook = read(path)
    asyncio.run(_execute(notebook, path.parent))
    notebook.metadata = from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata = from_dict({})
    return notebook


async def _execute(notebook: NotebookNode, folder: Path) -> None:
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpecManager
    from nbclient import NotebookClient

    with TemporaryDirectory() as scratch:
        kernel = AsyncKernelManager(
            kernel_name="python3",
            # without folders to look in it is ipykernel's own: this Python, whatever is installed elsewhere
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
            connection_file=str(Path(scratch, "kernel.json")),
            transport="ipc",  # no network, not even to this machine
        )
        client = NotebookClient(notebook, km=kernel, timeout=300, record_timing=False, coalesce_streams=True)
        client.resources = {"metadata": {"path": str(folder)}}
        try:
            await client.async_execute(env={**os.environ, **ENVIRONMENT, "IPYTHONDIR": scratch})
        finally:
            if client.kc is not None:
                client.kc.stop_channels()
            await kernel.shutdown_kernel(now=True)


def told(notebook: NotebookNode) -> list[Any]:
    """Return what a reader reads under each cell of code: pictures and warnings are left out."""
    return [
        [_text(output) for output in cell.outputs if output.get("name") != "stderr"]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def _text(output: NotebookNode) -> Any:
    data = output.get("data", {})
    return output.get("text") or {kind: data[kind] for kind in READABLE if kind in data}


def main() -> None:
    from nbformat import write

    for path in sorted(EXAMPLES.glob("*.ipynb")):
        write(executed(path), path)
        print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
