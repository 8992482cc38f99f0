"""The step kind `dns`: asks one resolver one question; an answer with another code than expected is a `dns_error`."""

from urllib.parse import quote

import msgspec

from synthprobe.agent.calling import Calling, Came, call, destination, lines_of, text
from synthprobe.agent.scene import Acted, Scene
from synthprobe.core.expectations import Subject
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.protocols import Question
from synthprobe.core.steps import Step
from synthprobe.core.templates import Json
from synthprobe.telemetry.tracing import OpenSpan
from synthprobe.wire import dns as wire
from synthprobe.wire.lines import Call


async def act(step: Step, scene: Scene, span: OpenSpan, seconds: float) -> Acted:
    """Ask. Raises `LookupFailed`, `Unsendable`."""
    action, lines = step.action, lines_of(scene)
    assert isinstance(action, Question)
    name = text(action.name, scene)
    resolver = destination(action.endpoint, scene) if action.endpoint else None

    async def ask(deadline: float) -> Came:
        reply, sighting = await wire.ask(lines, _question(action, name, resolver, deadline))
        failure = _fault(step, action, name, reply, sighting.peer or "the resolver")
        facts: dict[str, Json] = {"answers": list(reply.answers)}
        return Came(sighting, msgspec.json.encode(reply), facts=facts, failure=failure)

    calling = Calling(
        method="DNS",
        template=f"{action.type} @{action.endpoint.template}" if action.endpoint else action.type,
        host=resolver.host if resolver else "",
        port=resolver.port if resolver else wire.PORT,
        said=(("name", name), ("type", action.type)),
        subject=f"{quote(name)}?type={action.type}",
        attributes={"dns.question.name": name, "dns.question.type": action.type},
    )
    return await call(calling, ask, step.retry, scene, span, seconds, action.timeout.total_seconds())


def _question(action: Question, name: str, resolver: Call | None, deadline: float) -> wire.Question:
    if resolver is None:
        return wire.Question(name, action.type, deadline, tcp=action.tcp)
    return wire.Question(
        name,
        action.type,
        deadline,
        resolver=resolver.host,
        port=resolver.port,
        tcp=action.tcp,
        named=resolver.named,
        ip=resolver.ip,
    )


def _fault(step: Step, action: Question, name: str, reply: wire.Reply, peer: str) -> Failure | None:
    """The failure of an answer that says no, or nothing where something is expected."""
    if reply.rcode != action.rcode:
        meaning = _MEANINGS.get(reply.rcode, "")
        wanted = "" if action.rcode == "NOERROR" else f", not {action.rcode}"
        return Failure(
            Kind.DNS_ERROR, f"{peer} answered {reply.rcode}{wanted} for {name} {action.type}{meaning}"
        )
    looked_at = {assertion.subject for assertion in step.assertions}
    if action.rcode == "NOERROR" and not reply.answers and not looked_at & {Subject.ANSWERS, Subject.JSON}:
        return Failure(Kind.DNS_ERROR, f"{name} has no {action.type} record, says {peer}")
    return None


_MEANINGS = {
    "NXDOMAIN": ": there is no such name",
    "SERVFAIL": ": it could not find out",
    "REFUSED": ": it does not answer us",
}
