"""What a configuration may not do while it is read, and where it was when it did."""

import resource
import signal
import traceback

NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.sendto", "socket.sendmsg", "socket.bind")
PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "pty.spawn")
WRITES = (
    "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "os.link", "os.symlink", "os.chmod", "os.chown",
    "sqlite3.connect", "shutil.rmtree", "shutil.copyfile", "shutil.move",
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Room for any configuration, and not for one that never stops to grow.
MOST_MEMORY = 4 << 30


class Refused(PermissionError):
    """Something that is not allowed. The configuration may have another way for when it does not work."""


class Guard:
    """Refuses what is not allowed, from `begin` on."""

    def __init__(self, allowed):
        self.allowed = allowed
        self.active = False
        self.refused = []

    def hook(self, event, args):
        if not self.active:
            return
        if event in NETWORK:
            self.refuse("network", "reaches for the network" + self.where(event, args))
        elif event in PROGRAMS:
            self.refuse("programs", "runs a program" + self.program(args))
        elif event == "open" and self.is_write(args):
            self.refuse("writes", "writes the file %s" % shorten(args[0]))
        elif event in WRITES:
            self.refuse("writes", "changes files (%s %s)" % (event, shorten(args[0] if args else "")))

    def is_write(self, args):
        path, mode, flags = args
        if isinstance(path, int) or path == os.devnull:
            return False
        return bool(flags & WRITING if isinstance(flags, int) else set(mode or "") & set("wax+"))

    def where(self, event, args):
        to = args[1] if event in ("socket.connect", "socket.bind", "socket.sendto") and len(args) > 1 else args[0] if args else ""
        to = to[0] if isinstance(to, tuple) and to else to
        return " (%s)" % shorten(to) if isinstance(to, (str, bytes)) and to else ""

    def program(self, args):
        words = next((it for it in args if isinstance(it, (list, tuple)) and it), args[:1])
        return " (%s)" % " ".join(shorten(it) for it in list(words)[:3])

    def refuse(self, kind, what):
        if kind in self.allowed:
            return
        place = place_of_frame(sys._getframe(2))
        self.refused.append({"what": what, "kind": kind, "at": place})
        raise Refused("it %s, which is refused while it is read" % what)


def shorten(value):
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text if len(text) <= 80 else text[:79] + "…"


def begin(guard, timeout, on_timeout):
    """From here on, nothing is done outside, and nothing goes on for ever."""
    sys.addaudithook(guard.hook)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ValueError, OSError):
        pass
    # What handles every exception shall not handle this one: so none is raised.
    signal.signal(signal.SIGALRM, lambda number, frame: on_timeout(place_of_frame(frame)))
    signal.setitimer(signal.ITIMER_REAL, timeout)
    guard.active = True


# What Python 2 had, and how it shows that a configuration is written for it.
PYTHON_2 = (
    "Missing parentheses in call to 'print'", "Missing parentheses in call to 'exec'", "multiple exception types must be parenthesized",
    "leading zeros in decimal integer literals", "invalid token", "inconsistent use of tabs",
    "name 'unicode'", "name 'xrange'", "name 'raw_input'", "name 'basestring'", "name 'long'", "name 'unichr'",
    "name 'reduce'", "name 'execfile'", "name 'reload'", "name 'file' is", "attribute 'iteritems'", "attribute 'has_key'",
    "attribute 'itervalues'", "attribute 'iterkeys'",
    "No module named 'ConfigParser'", "No module named 'StringIO'", "No module named 'urllib2'",
    "No module named 'urlparse'", "No module named 'Queue'", "No module named 'cPickle'", "No module named 'commands'",
    "No module named '__builtin__'",
)


def failure_of(error):
    """What went wrong while the configuration was read, and where."""
    if isinstance(error, SyntaxError) and error.filename:
        return failure("syntax", error.msg, place_of(error.filename, error.lineno))
    frames = traceback.extract_tb(error.__traceback__)
    places = [place_of(it.filename, it.lineno) for it in frames]
    place = next((it for it in reversed(places) if it), None)
    if isinstance(error, SystemExit):
        return failure("exit", str(error.code if error.code is not None else ""), place)
    if isinstance(error, Refused):
        return failure("refused", error.args[0], place)
    if isinstance(error, ModuleNotFoundError):
        return failure("module", str(error), place, name=error.name)
    if isinstance(error, KeyError) and frames and frames[-1].filename in (os.__file__, "<frozen os>"):
        return failure("raised", "the environment has no %s; set it as it is for Buildbot" % error.args[0], place)
    text = str(error).strip().split("\n")[0][:500]
    return failure("raised", "%s: %s" % (type(error).__name__, text) if text else type(error).__name__, place)


def failure(kind, what, place, **more):
    return dict({"kind": kind, "what": what, "at": place, "python2": any(it in what for it in PYTHON_2)}, **more)
