"""Makes ``.venv`` hold exactly what the lock says, and mends it when it does not.

Run by every ``make`` target (``python3 setup_venv.py``), so a finished environment must cost next to nothing
and a half-made one must never be trusted:

- ``.venv/setup.json`` says ``"complete": false`` from before the first install until after the last one, then
  holds the lock's hash and the names of everything installed. Interrupted: the next call starts afresh. Lock
  changed: the next call installs the difference. Something deleted: the next call starts afresh.
- pip installs uv, uv installs the rest. uv reads none of pip's settings, so they are translated: index,
  extra indexes, find-links, certificates, proxy, time-out, trusted hosts.
- PyTorch comes without CUDA unless an NVIDIA driver is there: from pip's find-links, else from uv's
  ``--torch-backend``.

Only the standard library, and syntax that an old Python can still read: it has to say that it is too old.
"""

import ast
import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STATE = VENV / "setup.json"
RUNTIME_LOCK = ROOT / "requirements.lock"
DEV_LOCK = ROOT / "requirements-dev.lock"
MAKE_VENV = ["-m", "venv"]
OLDEST = (3, 11)
NEWER_PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14")


class SetupError(Exception):
    """Something the person at the keyboard has to know, in whole sentences."""


def main():
    """Brings ``.venv`` up to date; returns the exit code."""
    if sys.version_info < OLDEST:
        return run_under_newer_python()
    try:
        # One set-up at a time: the lock goes away with the process, however that ends.
        with RUNTIME_LOCK.open() as lock_file:
            fcntl.flock(lock_file, fcntl.LOCK_EX)
            if sys.argv[1:2] == ["lock"]:
                write_locks(sys.argv[2:])
            elif not is_complete():
                install_everything()
    except SetupError as error:
        print("\nSet-up stopped: {}".format(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\nSet-up was interrupted. Run make again: it starts afresh, with the downloads it has.",
            file=sys.stderr,
        )
        return 130
    return 0


def run_under_newer_python():
    for name in NEWER_PYTHONS:
        path = shutil.which(name)
        # A version manager's shim can stand there for a Python that is not: try it.
        if (
            path
            and subprocess.call([path, "-c", ""], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
        ):
            os.execv(path, [path, str(Path(__file__).resolve())] + sys.argv[1:])
    print(
        "Vouch needs Python 3.11 or newer; {} is {} and no newer one is on the PATH.\n"
        "Install one and run make again, or name it: make PYTHON=/path/to/python3.11".format(
            sys.executable, platform.python_version()
        ),
        file=sys.stderr,
    )
    return 1


# ---- what state .venv is in ------------------------------------------------------------------------


def is_complete():
    """Tells whether ``.venv`` is finished, of this lock, in this place, and still all there."""
    state = read_state()
    return bool(
        state.get("complete")
        and state.get("wanted") == wanted()
        and state.get("root") == str(ROOT)
        and set(state.get("installed", ["?"])) <= installed()
    )


def wanted():
    """Returns the hash of everything that decides what belongs into ``.venv``."""
    digest = hashlib.sha256()
    for path in (RUNTIME_LOCK, DEV_LOCK, ROOT / "pyproject.toml"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def installed():
    """Returns the names in ``.venv``'s packages and scripts, without versions; none if its Python is dead."""
    probe = "import sysconfig; print(sysconfig.get_path('purelib'))"
    try:
        run = subprocess.run([str(PYTHON), "-c", probe], capture_output=True, text=True, check=True)
        packages = os.listdir(run.stdout.strip())
        scripts = os.listdir(str(PYTHON.parent))
    except (OSError, subprocess.CalledProcessError):
        return set()
    names = {name.split("-")[0] + ".dist-info" if name.endswith(".dist-info") else name for name in packages}
    return (names - {"__pycache__"}) | {"bin/" + name for name in scripts}


def read_state():
    try:
        state = json.loads(STATE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def write_state(**state):
    beside = STATE.with_suffix(".new")
    beside.write_text(json.dumps(state, indent=1), encoding="utf-8")
    os.replace(str(beside), str(STATE))


# ---- filling it ------------------------------------------------------------------------------------


def install_everything():
    began = time.monotonic()
    state, there = read_state(), installed()
    # Finished once and still whole: only the difference is installed. Made by somebody else (no state at all)
    # and alive: it is theirs, so it is added to and not thrown away. Anything else is half made.
    whole = state.get("complete") and state.get("root") == str(ROOT) and set(state["installed"]) <= there
    if not (there and (whole or not STATE.exists())):
        if VENV.exists():
            print("Starting .venv afresh: it is half made, damaged or was moved.", flush=True)
        make_venv()
    write_state(complete=False)
    print("Installing into .venv (Python {}) ...".format(platform.python_version()), flush=True)
    install_uv()
    uv = Uv(pip_settings())
    install_torch(uv)
    uv.install("--no-deps", "-r", str(RUNTIME_LOCK), "-r", str(DEV_LOCK))
    uv.install("--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    compile_modules()
    write_state(complete=True, wanted=wanted(), root=str(ROOT), installed=sorted(installed()))
    print("Ready in {:.0f} s.".format(time.monotonic() - began), flush=True)


def make_venv():
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    shutil.rmtree(str(VENV), ignore_errors=True)
    VENV.mkdir()
    write_state(complete=False)
    command = [sys.executable] + MAKE_VENV + [str(VENV)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        detail = (made.stdout + made.stderr).strip()
        remedy = "Mend that Python, or name another: make PYTHON=/path/to/python3.11"
        if "ensurepip" in detail or "No module named venv" in detail:
            remedy = (
                "Its venv module is missing or has no pip; on Debian and Ubuntu: apt install python{}.{}-venv"
            )
            remedy = remedy.format(*sys.version_info[:2])
        raise SetupError(
            "{} cannot make a virtual environment.\n{}\n{}".format(sys.executable, detail, remedy)
        )


def install_uv():
    pip = [
        str(PYTHON),
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "-qq",
        pinned("uv", DEV_LOCK),
    ]
    # A user-wide `user = true` or `require-virtualenv` is meant for other places than this environment.
    environment = dict(os.environ, PIP_USER="0", PIP_REQUIRE_VIRTUALENV="0")
    if subprocess.run(pip, env=environment, check=False).returncode != 0:
        raise SetupError(
            "pip could not install {}; its reason stands above.\n"
            "Check the connection and `pip config list`, then run make again.".format(pip[-1])
        )


def install_torch(uv):
    """Installs PyTorch before the rest, so that no other build of it is ever downloaded."""
    torch = pinned("torch", RUNTIME_LOCK)
    if sys.platform != "linux" or any(name.startswith("torch-" + torch[7:]) for name in packages_of_venv()):
        return  # elsewhere the ordinary build is the CPU one, and the lock names it
    if uv.environment.get("UV_FIND_LINKS") and uv.plan("--no-deps", "--no-index", torch):
        return uv.install("--no-deps", "--no-index", torch)
    backend = uv.environment.pop("UV_TORCH_BACKEND", "") or ("auto" if has_nvidia_driver() else "cpu")
    if backend != "cpu":  # a CUDA build needs its own companions, which the lock does not list
        return uv.install("--torch-backend", backend, "--constraints", str(RUNTIME_LOCK), torch)
    if uv.plan("--no-deps", "--torch-backend", "cpu", torch):
        return uv.install("--no-deps", "--torch-backend", "cpu", torch)
    ordinary = uv.plan("--no-deps", torch)
    if ordinary and (platform.machine() != "x86_64" or torch + "+cpu" in ordinary):
        return uv.install("--no-deps", torch)
    raise SetupError(
        "no CPU build of {torch} could be found: not in pip's find-links, not in PyTorch's own index\n"
        "(which cannot be reached), not in your package index. The ordinary build is gigabytes of CUDA\n"
        "that this machine has no use for, so it is not taken unasked. Do one of these and run make again:\n"
        "  - put a torch +cpu wheel into a folder and set PIP_FIND_LINKS to it;\n"
        "  - allow the connection to PyTorch's index;\n"
        "  - take another build after all, such as UV_TORCH_BACKEND=auto make setup".format(torch=torch)
    )


def compile_modules():
    """Has Python keep what it compiles of the parsers, and of all that an ingest imports, once.

    uv compiles nothing, and all of it would take minutes; this takes five seconds. A parsing child may write nothing,
    and neither may any process where PYTHONDONTWRITEBYTECODE is set, as in many containers: each would compile what it
    imports at every start, one for up to a second and the command for another.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    load = (
        "from ingest.sandbox.worker import load_all; load_all()\n"
        "import ingest.embedding, rag.cli.app, rag.cli.ingesting, rag.cli.progress, tokenizers\n"
        "import rag.owner.calling, rag.owner.operations, sqlalchemy.dialects.sqlite\n"
        "from corpus.embedding.compiled import import_openvino\n"
        "try: import_openvino()\n"
        "except ImportError: pass  # there is none for this processor"
    )
    command = [str(PYTHON), "-c", load]
    if subprocess.run(command, env=environment, cwd=str(ROOT), check=False).returncode:
        print("What an ingest imports could not be compiled: each starts up to two seconds later.")


def write_locks(options):
    """Writes both lock files anew from ``pyproject.toml``: plain pins, the second on top of the first.

    Pins that still fit stay as they are, unless ``--upgrade`` is among the options.
    """
    uv = Uv(pip_settings())
    torch = pinned("torch", RUNTIME_LOCK)
    compile_ = [
        str(VENV / "bin" / "uv"),
        "pip",
        "compile",
        "-qq",
        "--python-version",
        "3.11",
        "--no-header",
    ]
    compile_ += [
        "--no-annotate",
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--no-build",
        "pyproject.toml",
    ]
    if torch + "+cpu" in uv.plan("--no-deps", "--no-index", "--reinstall", torch):
        constraints = VENV / "torch-constraint.txt"
        constraints.write_text(torch + "+cpu\n", encoding="utf-8")
        compile_ += ["--constraints", str(constraints)]
    else:
        compile_ += ["--torch-backend", "cpu"]
    for lock, more in (
        (RUNTIME_LOCK, []),
        (DEV_LOCK, ["--group", "dev", "--constraints", str(RUNTIME_LOCK)]),
    ):
        command = compile_ + more + options + ["--output-file", str(lock)]
        if subprocess.run(
            command, env=uv.environment, cwd=str(ROOT), stdout=subprocess.DEVNULL, check=False
        ).returncode:
            raise SetupError("{} could not be written; uv's reason stands above.".format(lock.name))
        # The build's own mark (torch's +cpu) is this machine's choice, not the lock's.
        lines = [re.sub(r"\+\S+$", "", line) for line in lock.read_text(encoding="utf-8").splitlines()]
        if lock == DEV_LOCK:
            lines = [
                line for line in lines if line not in RUNTIME_LOCK.read_text(encoding="utf-8").splitlines()
            ]
        lock.write_text("\n".join(lines) + "\n", encoding="utf-8")
        if any(line.startswith(("nvidia-", "triton==")) for line in lines):
            raise SetupError(
                "{} came out with CUDA packages; restore it (git checkout {}).".format(lock.name, lock.name)
            )


def packages_of_venv():
    return [path.name for path in VENV.glob("lib/python*/site-packages/*.dist-info")]


def has_nvidia_driver():
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


def pinned(name, lock):
    """Returns the ``name==version`` line of a lock."""
    for line in lock.read_text(encoding="utf-8").splitlines():
        if line.startswith(name + "=="):
            return line.strip()
    raise SetupError("{} does not pin {}; restore it (git checkout {}).".format(lock.name, name, lock.name))


# ---- uv --------------------------------------------------------------------------------------------


class Uv:
    """``uv pip install`` into ``.venv``, with the user's pip settings."""

    def __init__(self, settings):
        self.environment = uv_environment(settings)
        self.options = ["--no-index"] if truth(settings.get("no-index")) else []

    def command(self, arguments):
        return (
            [str(VENV / "bin" / "uv"), "pip", "install", "--python", str(PYTHON)]
            + self.options
            + list(arguments)
        )

    def plan(self, *arguments):
        """Returns what would be installed, as uv says it, or "" where it cannot be."""
        command = self.command(("--dry-run",) + arguments)
        run = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        return run.stderr if run.returncode == 0 else ""

    def install(self, *arguments):
        """Installs, showing what uv says as it says it.

        Raises:
            SetupError: it failed; the message names the package when uv does.
        """
        process = subprocess.Popen(
            self.command(arguments), env=self.environment, stderr=subprocess.PIPE, text=True, errors="replace"
        )
        said = []
        for line in process.stderr:
            said.append(line)
            if not re.match(
                r" [+~-] |Resolved|Prepared|Uninstalled|Audited|Checked|Using Python| +Buil(ding|t) vouch",
                line,
            ):
                print(line, end="", file=sys.stderr, flush=True)
        if process.wait() != 0:
            raise SetupError(
                "{} could not be installed; uv's reason stands above.\n"
                "Check the connection, the free disk space and `pip config list` (its index, find-links and\n"
                "certificate settings are used), then run make again: finished downloads are kept.".format(
                    failed_package("".join(said)) or "a package"
                )
            )


def failed_package(said):
    """Returns the package that uv's error is about, or "" when it names none."""
    for pattern in (
        r"[Ff]ailed to (?:download|build|prepare|install|unpack|extract|read):?\s+`([^`]+)`",
        r"Because (\S+) was not found",
        r"there is no version of (\S+?),? (?:and|we)",
        r"Because (\S+) has no",
        r"/simple/([^/`\s]+)/",
        r"\b([A-Za-z0-9_.]+-[0-9][^/`\s]*\.(?:whl|tar\.gz))",
    ):
        found = re.search(pattern, said)
        if found:
            return found.group(1)
    return ""


# ---- the user's pip settings, in uv's words ---------------------------------------------------------


def pip_settings():
    """Returns what pip itself would use for ``pip install``; the environment wins over its files."""
    listing = subprocess.run(
        [str(PYTHON), "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    sections = {"global": {}, "install": {}, ":env:": {}}
    for line in listing.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in sections:
            sections[section][name] = str(ast.literal_eval(value))
    settings = {}
    for section in ("global", "install", ":env:"):
        settings.update(sections[section])
    return settings


def uv_environment(settings):
    """Returns the environment for uv: this one, plus pip's settings wherever uv has none of its own."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("UV_SYSTEM_PYTHON", "VIRTUAL_ENV")
    }

    def give(name, value):
        if value and not environment.get(name):
            environment[name] = value

    give("UV_DEFAULT_INDEX", settings.get("index-url", "") if not environment.get("UV_INDEX_URL") else "")
    give("UV_INDEX", " ".join(existing(settings.get("extra-index-url", ""), "extra-index-url")))
    give("UV_FIND_LINKS", ",".join(existing(settings.get("find-links", ""), "find-links")))
    give("UV_INDEX_STRATEGY", "unsafe-best-match")  # pip's own: the best version from any of its indexes
    give("UV_NO_CACHE", "1" if truth(settings.get("no-cache-dir")) else "")
    give("SSL_CERT_FILE", existing_file(settings.get("cert", "")))
    give("SSL_CLIENT_CERT", existing_file(settings.get("client-cert", "")))
    give("UV_INSECURE_HOST", " ".join(settings.get("trusted-host", "").split()))
    give("UV_HTTP_TIMEOUT", settings.get("timeout", settings.get("default-timeout", "")))
    give("UV_KEYRING_PROVIDER", "subprocess" if settings.get("keyring-provider") == "subprocess" else "")
    if "proxy" in settings:
        give("HTTP_PROXY", settings["proxy"])
        give("HTTPS_PROXY", settings["proxy"])
    return environment


def existing(value, setting):
    """Returns the places of a list setting, less the folders that are not there: uv would stop there."""
    places = []
    for place in value.split():
        local = unquote(urlsplit(place).path) if place.startswith("file:") else place
        if "://" in place and not place.startswith("file:"):
            places.append(place)
        elif Path(local).expanduser().exists():
            places.append(place if place.startswith("file:") else str(Path(local).expanduser().resolve()))
        else:
            print(
                "Note: pip's {} names {}, which does not exist; going on without it.".format(setting, place)
            )
    return places


def existing_file(value):
    return value if value and Path(value).expanduser().is_file() else ""


def truth(value):
    return str(value).lower() in ("1", "true", "yes", "on")


if __name__ == "__main__":
    sys.exit(main())
