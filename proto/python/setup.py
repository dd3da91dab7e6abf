"""Makes the modules of the messages from the proto files beside this package, whenever it is built."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
PROTO = HERE.parent
FOLDER = Path("weir/status/v1")


def generate(target: Path) -> None:
    """Writes the modules and their types below `target`."""
    from grpc_tools import protoc

    target.mkdir(parents=True, exist_ok=True)
    files = [str(file.relative_to(PROTO)) for file in sorted((PROTO / FOLDER).glob("*.proto"))]
    outputs = [f"--{kind}_out={target}" for kind in ("python", "pyi", "grpc_python")]
    well_known = Path(protoc.__file__).parent / "_proto"
    if protoc.main(["protoc", f"-I{PROTO}", f"-I{well_known}", *outputs, *files]) != 0:
        raise SystemExit("the proto files could not be compiled")


class Build(build_py):
    """The usual build, with the generated modules."""

    def run(self) -> None:
        super().run()
        generate(Path(self.build_lib))


setup(cmdclass={"build_py": Build})
