# SPDX-License-Identifier: GPL-2.0-or-later
"""The folder of one run: what L1 is told, what it gives back, the logs."""

import contextlib
import fcntl
import os
import pathlib
import shlex
import shutil
import sys
import tempfile

from . import LabError, cache, machine

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent.parent
STANDARD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PREFIX = "viaduct-lab-"
SHARE_INSIDE = "/run/lab/share"


class Run:
    """A context: its folder goes away at the end unless keep_folder was called."""

    def __init__(self, options):
        self._options = options
        self._keep = False
        self.kernel, self.initramfs, self.guest_initramfs = machine.prepare()
        self.folder = None
        self.share = None
        self._lock = None

    def __enter__(self):
        remove_abandoned()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = locked_file(self.folder / "lock")
        self.share = self.folder / "share"
        try:
            self.reset()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._keep:
            (self.folder / "lock").unlink()
            print(f"lab: the logs are in {self.folder}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()

    def keep_folder(self):
        self._keep = True

    def reset(self):
        """Makes the shared folder as it is before a boot."""
        shutil.rmtree(self.share, ignore_errors=True)
        (self.share / "out").mkdir(parents=True)
        (self.share / "cache").mkdir()
        if self._options.stdin:
            self._keep_stdin()
        self._write("command", shlex.join(["exec", *self._options.command]) + "\n")
        self._write("prepare", "\n".join(self._options.prepare) + "\n")
        self._write("visible", "".join(f"{path}\n" for path in self._visible()))
        self._write("env", "".join(f"export {name}={shlex.quote(str(value))}\n"
                                   for name, value in self._environment().items()))

    def give_back(self):
        """Hands over what L1 left: the user's files and what the cache keeps."""
        if self._options.out:
            shutil.copytree(self.share / "out", self._options.out, dirs_exist_ok=True,
                            symlinks=True)
        for made in (self.share / "cache").iterdir():
            with cache.locked("kept"):
                kept = cache.cache_root() / "kept" / made.name
                with cache.built_whole(kept) as scratch:
                    shutil.copytree(made, scratch, dirs_exist_ok=True)

    def show_log_tail(self):
        for name in ("qemu.log", "console.log"):
            log = self.folder / name
            lines = log.read_bytes().splitlines()[-20:] if log.exists() else []
            for line in lines:
                print(f"lab: {name}: {line.decode(errors='replace')}", file=sys.stderr)

    def _keep_stdin(self):
        kept = self.folder / "stdin"
        if not kept.exists():
            with open(kept, "wb") as target:
                shutil.copyfileobj(sys.stdin.buffer, target)
        shutil.copy(kept, self.share / "stdin")

    def _write(self, name, text):
        (self.share / name).write_text(text)

    def _visible(self):
        """Paths that must be seen inside even where L1 has a folder of its own."""
        return dict.fromkeys((CHECKOUT, self._options.build.resolve(), cache.cache_root(),
                              pathlib.Path.cwd()))

    def _environment(self):
        options = self._options
        build = options.build.resolve()
        path = [build, build / "cli", build / "daemon",
                CHECKOUT / "lab/guest", STANDARD_PATH]
        env = {
            "PATH": ":".join(map(str, path)),
            "LANG": "C.UTF-8",
            "TERM": os.environ.get("TERM", "dumb"),
            "LAB_CHECKOUT": CHECKOUT,
            "LAB_BUILD": build,
            "LAB_CWD": os.getcwd(),
            "LAB_OUT": f"{SHARE_INSIDE}/out",
            "LAB_HOSTNAME": "lab",
            "LAB_KERNEL": self.kernel.root,
            "LAB_GUEST_INITRD": self.guest_initramfs,
            "LAB_HOST_B_URI": "qemu+unix:///system?socket=/run/lab/b/libvirt-sock",
            "LAB_KEPT": cache.cache_root() / "kept",
        }
        flags = {"LAB_LIBVIRT": options.libvirt or options.two_hosts,
                 "LAB_TWO_HOSTS": options.two_hosts, "LAB_SYSTEMD": options.systemd,
                 "LAB_NO_IGB": options.no_igb, "LAB_TERMINAL": options.terminal}
        env.update({name: "1" for name, wanted in flags.items() if wanted})
        if options.terminal:
            size = os.get_terminal_size(0)
            env.update(LAB_ROWS=size.lines, LAB_COLUMNS=size.columns)
        env.update(given(text) for text in options.env)
        return env


def locked_file(path):
    """A file at path that was locked before anybody could see it there."""
    new = path.with_suffix(".new")
    handle = open(new, "w")
    fcntl.flock(handle, fcntl.LOCK_EX)
    new.rename(path)
    return handle


def remove_abandoned():
    """Removes what a runner left behind that was killed without a chance."""
    for lock in pathlib.Path(tempfile.gettempdir()).glob(f"{PREFIX}*/lock"):
        with contextlib.suppress(OSError), open(lock) as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent, ignore_errors=True)


def given(text):
    name, equals, value = text.partition("=")
    if not name.isidentifier():
        raise LabError(f"--env {text}: not NAME or NAME=VALUE")
    if not equals:
        if name not in os.environ:
            raise LabError(f"--env {name}: is not set here")
        value = os.environ[name]
    return name, value
