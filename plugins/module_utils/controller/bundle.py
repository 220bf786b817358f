# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text that a host's Python reads on its standard input: the agent, a payload, and how to answer.

``<python> -I -S -`` executes :func:`build`'s text. It installs an import finder over the agent's modules, so that a
module is only unpacked and compiled when something imports it, calls ``vannah_agent.core.main.main(payload)`` and prints a
marker with the payload's nonce followed by one line of JSON. :func:`parse` reads that, whatever else was printed before
it (a message of the day, sudo's lecture, a shell's greeting).

Nothing is written on the host and nothing shows in its process list.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import zlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from ..agent.contract import Answer, Payload

#: The agent's package as it is called on hosts.
PACKAGE = "vannah_agent"
SERVICES = f"{PACKAGE}.services"
#: Its files, beside this package.
AGENT = Path(__file__).resolve().parent.parent / "agent"
#: Types only, as the file types.py of a service: nothing imports them on a host.
TYPES = ("contract.py", "definition.py", "facts.py", "records.py")
PROTOCOL = 1
MARKER = "VANNAH-ANSWER-"

# What runs first on the host. It imports what every Python has built in or frozen, and nothing else: json comes with
# the payload, traceback only when something went wrong. The standard input is the program's own text, so programs that
# the agent starts get /dev/null; what they print goes to standard error, so that it cannot mix with the answer.
#
# The first line is a text to Python. It ends a shell that reads it (a login script with `exec zsh`): else the agent's source would be run
# as that shell's commands. It may also be missing: then a login script has read a line.
_GUARD = "''':'; echo {marker} >&2; exit {status} #'''\n"
SHELL_MARKER, SHELL_STATUS = "VANNAH-READ-BY-A-SHELL", 97
_BOOTSTRAP = """\
import binascii, os, sys, zlib
from _frozen_importlib import ModuleSpec

class Agent:
    def __init__(self, modules):
        self.modules = modules
    def find_spec(self, name, path=None, target=None):
        if name in self.modules:
            return ModuleSpec(name, self, origin=self.file(name), is_package=name + ".__init__" in self.modules)
        return None
    def file(self, name):
        return name.replace(".", "/") + ".py"
    def get_source(self, name):
        return zlib.decompress(binascii.a2b_base64(self.modules[name])).decode("utf-8")
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        name = module.__name__
        module.__file__ = self.file(name)
        exec(compile(self.get_source(name), module.__file__, "exec", dont_inherit=True), module.__dict__)

def answer(modules, payload, nonce):
    out = os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.umask(0o022)
    sys.meta_path.insert(0, Agent(modules))
    import json
    try:
        from vannah_agent.core.main import main
        said = json.dumps(main(json.loads(zlib.decompress(binascii.a2b_base64(payload)))))
    except BaseException as error:
        import traceback
        said = json.dumps({"protocol": 1, "error": {"code": "agent-crashed", "msg": "%s: %s" % (type(error).__name__, error),
            "trace": traceback.format_exc()[-4000:]}, "components": []})
    data = ("\\nVANNAH-ANSWER-%s\\n%s\\n" % (nonce, said)).encode("ascii")
    while data:
        data = data[os.write(out, data):]

"""

Modules = dict[str, str]


class AnswerError(Exception):
    """The output is not an answer of the agent."""


def new_nonce() -> str:
    """A word that nothing else prints: the answer follows the marker that carries it."""
    return secrets.token_hex(16)


def pack(data: bytes) -> str:
    """Bytes as compressed base64 text."""
    return base64.b64encode(zlib.compress(data, 6)).decode("ascii")


#: What only mypy reads: a block at the top of a module.
_TYPES = re.compile(rb"^if TYPE_CHECKING:\n(?:(?: .*)?\n)+", re.MULTILINE)


def without_types(data: bytes) -> bytes:
    """A module without what only mypy reads. Lines keep their numbers, which errors name."""
    return _TYPES.sub(lambda found: b"\n" * found.group().count(b"\n"), data)


@cache
def _sources(agent: Path) -> dict[str, tuple[bytes, bool]]:
    """Dotted name of each of the agent's modules -> its text, and whether it is a package."""
    found = {}
    for file in sorted(agent.rglob("*.py")):
        if file.name == "types.py" or (file.name in TYPES and file.parent == agent):
            continue
        is_package = file.stem == "__init__"
        parts = (file.parent if is_package else file.with_suffix("")).relative_to(agent).parts
        found[".".join([PACKAGE, *parts])] = (without_types(file.read_bytes()), is_package)
    return found


@cache
def modules(agent: Path = AGENT) -> Modules:
    """The agent's modules as ``{dotted name: packed source}``, read and packed once per process.

    A package appears under its own name and, so that the finder knows it for one, as ``<name>.__init__``.
    """
    found = {}
    for name, (data, is_package) in _sources(agent).items():
        found[name] = pack(data)
        if is_package:
            found[f"{name}.__init__"] = ""
    return found


def preload() -> None:
    """Read and pack the agent, for the forks that a process will have."""
    needed({}, modules(AGENT))  # as build() asks: the cache tells calls with and without the argument apart


def needed(payload: Payload, found: Modules, agent: Path = AGENT) -> Modules:
    """The modules a payload can need: of the services only what it names, and what that imports.

    That is the whole folder of each service that a call names. Of a unit's ``driver`` each operation needs ``rivals.py``, what the driver
    knows to stand in the unit's way, because all of them plan units; a restart needs ``restart.py`` as well. The host checks need
    ``host_facts.py`` of each service that they ask.
    """
    units = [unit for component in payload.get("components") or () for unit in component.get("units") or ()]
    parts = ("rivals", "restart") if payload.get("op") == "restart" else ("rivals",)
    wanted = {f"{SERVICES}.{unit['driver']}.{part}" for unit in units if unit.get("driver") for part in parts}
    called = {payload["domain"]} if payload.get("op") == "domain" else {item["domain"] for item in payload.get("calls") or ()}
    wanted |= {name for name in found if name.startswith(tuple(f"{SERVICES}.{service}." for service in called))}
    wanted |= {f"{SERVICES}.{service}.host_facts" for service in payload.get("services") or ()}
    within = {name for name in found if name.startswith(f"{SERVICES}.")}
    wanted &= within
    imports = _imports(agent)
    wanted = wanted.union(*(imported for name, imported in imports.items() if name not in within))  # by the agent's own parts
    queue = list(wanted)
    while queue:
        new = imports.get(queue.pop(), frozenset()) - wanted
        wanted |= new
        queue += new
    packages = {SERVICES, *(name.rpartition(".")[0] for name in wanted)}
    wanted |= packages | {f"{name}.__init__" for name in packages}
    return {name: packed for name, packed in found.items() if name not in within or name in wanted}


_IMPORT = re.compile(r"^ *from (\.+)([\w.]*) import (?:\(([^)]*)\)|([^(\n]*))", re.MULTILINE)


@cache
def _imports(agent: Path) -> dict[str, frozenset[str]]:
    """Module -> the modules of services that it imports, wherever in its text."""
    sources = _sources(agent)
    services = {name for name, (_data, is_package) in sources.items() if name.startswith(f"{SERVICES}.") and not is_package}
    return {name: frozenset(services.intersection(_imported(name, *source))) for name, source in sources.items()}


def _imported(name: str, data: bytes, is_package: bool) -> set[str]:
    """What the relative imports of a module may name."""
    found = set()
    for dots, module, many, few in _IMPORT.findall(data.decode("utf-8")):
        parts = name.split(".")
        base = parts[: len(parts) - len(dots) + is_package] + [part for part in module.split(".") if part]
        names = [word.split(" as ")[0].strip() for word in (many or few).split(",")]
        found |= {".".join(base), *(".".join([*base, word]) for word in names if word)}
    return found


def build(payload: Payload, nonce: str, agent: Path = AGENT) -> bytes:
    """The text for the standard input of ``<python> -I -S -``.

    :param payload: what the agent's ``main`` is called with; anything JSON can say
    :param nonce: from :func:`new_nonce`
    :param agent: the folder of the agent's files
    """
    packed = pack(json.dumps(payload, separators=(",", ":")).encode("ascii"))
    parts = [_GUARD.format(marker=SHELL_MARKER, status=SHELL_STATUS), _BOOTSTRAP, "answer({\n"]
    parts += [f"{name!r}:{source!r},\n" for name, source in needed(payload, modules(agent), agent).items()]
    parts.append(f"}}, {packed!r}, {nonce!r})\n")
    return "".join(parts).encode("ascii")


def parse(stdout: str | bytes, nonce: str) -> Answer:
    """The agent's answer out of everything that a host printed.

    :raises AnswerError: there is no marker (nothing ran), the answer is truncated, or the protocol differs
    """
    text = stdout.decode("utf-8", "replace") if isinstance(stdout, bytes) else stdout
    _noise, marker, rest = text.rpartition(MARKER + nonce)
    if not marker:
        raise AnswerError("the agent did not answer")
    line = rest.lstrip("\r\n").partition("\n")[0]
    try:
        answer = json.loads(line)
    except ValueError as error:
        raise AnswerError("the agent's answer is truncated") from error
    if not isinstance(answer, dict) or answer.get("protocol") != PROTOCOL:
        raise AnswerError("the agent answered with another protocol")
    return cast("Answer", answer)
