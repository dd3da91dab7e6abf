from buildbot.plugins import steps


def install(prefix):
    return steps.ShellCommand(name="install", command=["make", "install", "PREFIX=" + prefix])


def prioritize(buildmaster, builders):
    return sorted(builders, key=lambda b: b.name)
