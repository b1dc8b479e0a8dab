"""Attempts and escalations performed with a function that calls the decision's candidate."""

from crossroute.calls.steps import adrive, ask, drive


def call_by(attempts, do):
    """Return the first answer."""
    return drive(attempts.steps(ask), do)


async def acall_by(attempts, do):
    """Return the first answer, awaited."""
    return await adrive(attempts.steps(ask), do)


def escalate_by(loop, do, read):
    """Return the best answer."""
    return drive(loop.steps(_reading(read)), do)


async def aescalate_by(loop, do, read):
    """Return the best answer, awaited."""
    return await adrive(loop.steps(_reading(read)), do)


def _reading(read):
    def asking(decision, logprobs):
        answer = yield from ask(decision)
        return answer, read(answer)

    return asking
