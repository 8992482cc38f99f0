"""The step kind `tls`: a handshake and nothing after it; what the certificate says is known also when it is refused."""

from collections.abc import Mapping

import msgspec

from synthprobe.agent.calling import Calling, Came, call, destination, lines_of, within
from synthprobe.agent.judging import judge
from synthprobe.agent.scene import Acted, Scene
from synthprobe.core.exchanges import Tls
from synthprobe.core.failures import Failure
from synthprobe.core.protocols import Handshake
from synthprobe.core.steps import Step
from synthprobe.core.templates import Json
from synthprobe.telemetry.tracing import OpenSpan
from synthprobe.wire.handshake import REFUSED, Shown, look


async def act(step: Step, scene: Scene, span: OpenSpan, seconds: float) -> Acted:
    """Shake hands. Raises `LookupFailed`, `Unsendable`.

    A refused certificate is the step's failure, and its assertions are evaluated all the same.
    """
    action, lines = step.action, lines_of(scene)
    assert isinstance(action, Handshake)
    target = destination(action.endpoint, scene, action.protocols)

    async def ask(deadline: float) -> Came:
        shown = await look(lines, within(target, deadline))
        refusal, failure = shown.refusal, None
        if refusal is not None and action.verify:
            failure = Failure(refusal.kind, refusal.message, phase=str(refusal.phase))
        return Came(shown.sighting, msgspec.json.encode(told(shown)), failure=failure)

    calling = Calling("TLS", action.endpoint.template, target.host, target.port)
    acted = await call(
        calling, ask, step.retry, scene, span, seconds, action.endpoint.timeout.total_seconds()
    )
    response = acted.attempts[-1].response
    if acted.failure is None or acted.failure.kind not in REFUSED or response is None:
        return acted
    judged = judge(step, response, scene)
    return msgspec.structs.replace(acted, assertions=judged.assertions, captures=judged.captures)


def told(shown: Shown) -> Mapping[str, Json]:
    """What was shown, as the document that `json` looks into."""
    return {
        "verified": shown.refusal is None,
        "problem": shown.refusal.message if shown.refusal else None,
        "version": shown.tls.version.removeprefix("TLSv") if shown.tls.version else None,
        "cipher": shown.tls.cipher,
        "protocol": shown.protocol,
        **_certificate(shown.tls),
        "chain": [_certificate(each) for each in shown.chain],
    }


def _certificate(tls: Tls) -> dict[str, Json]:
    return {
        "subject": tls.subject,
        "issuer": tls.issuer,
        "serial": tls.serial,
        "names": list(tls.names),
        "not_before": tls.not_before.isoformat() if tls.not_before else None,
        "not_after": tls.not_after.isoformat() if tls.not_after else None,
    }
