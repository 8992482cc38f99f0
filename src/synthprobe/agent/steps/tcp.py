"""The step kind `tcp`: connects, says what it has to say, and waits for what must be said back."""

import base64
import binascii

from synthprobe.agent.calling import Calling, Came, call, destination, lines_of, text, within
from synthprobe.agent.scene import Acted, Scene, Unsendable
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.protocols import Data, Encoding, Expected, Tcp
from synthprobe.core.steps import Step
from synthprobe.telemetry.tracing import OpenSpan
from synthprobe.wire import turns as wire
from synthprobe.wire.line import Line
from synthprobe.wire.sockets import Channel

_SHOWN = 120


async def act(step: Step, scene: Scene, span: OpenSpan, seconds: float) -> Acted:
    """Take the turns in order. Raises `LookupFailed`, `Unsendable`."""
    action, lines = step.action, lines_of(scene)
    assert isinstance(action, Tcp)
    target = destination(action.endpoint, scene)
    turns = tuple(
        wire.Turn(
            send=bytes_of(turn.send, scene) if turn.send else b"",
            expect=_expectation(turn.expect, scene) if turn.expect else None,
        )
        for turn in action.turns
    )
    said = b"".join(turn.send for turn in turns)

    async def talk(line: Line, channel: Channel) -> wire.Heard:
        return await wire.converse(line, channel, turns, action.most)

    async def ask(deadline: float) -> Came:
        heard, sighting = await lines.converse(within(target, deadline), talk)
        return Came(sighting, heard.received, failure=_unmet(action, heard, scene))

    calling = Calling(
        "TCP", action.endpoint.template, target.host, target.port, body=said, repeatable=not said
    )
    return await call(calling, ask, step.retry, scene, span, seconds, action.endpoint.timeout.total_seconds())


def bytes_of(data: Data, scene: Scene) -> bytes:
    """What a file writes as text, hexadecimal or base64. Raises `LookupFailed`, `Unsendable`."""
    written = text(data.content, scene)
    try:
        match data.encoding:
            case Encoding.TEXT:
                return written.encode("utf-8", "surrogatepass")
            case Encoding.HEX:
                return bytes.fromhex(written)
            case Encoding.BASE64:
                return base64.b64decode("".join(written.split()), validate=True)
    except (ValueError, binascii.Error) as error:
        raise Unsendable(f"what is to be sent or expected is not {data.encoding.value}") from error


def _expectation(expected: Expected, scene: Scene) -> wire.Expectation:
    if expected.literal is not None:
        return wire.Literal(bytes_of(expected.literal, scene))
    if expected.count is not None:
        return wire.Count(expected.count)
    return wire.Pattern(text(expected.pattern, scene))


def _unmet(action: Tcp, heard: wire.Heard, scene: Scene) -> Failure | None:
    """The failure of a peer that closed before it had said what was expected."""
    if heard.unmet is None:
        return None
    wanted = action.turns[heard.unmet].expect
    named = wanted.text if wanted else ""
    shown = scene.redactor.text(heard.received.decode("utf-8", "backslashreplace"))
    actual = repr(shown[-_SHOWN:])
    message = f"the connection was closed before {named} came; the last that came: {actual}"
    return Failure(Kind.ASSERTION, message, assertion=f"expect {named}", expected=named, actual=actual)
