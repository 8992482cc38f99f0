"""The step kind `resend`: sends what an earlier step sent, to see that it is not done twice."""

from synthprobe.agent.scene import Acted, Scene, Unsendable
from synthprobe.agent.steps.request import exchange
from synthprobe.core.steps import Resend, Step
from synthprobe.telemetry.tracing import OpenSpan


async def act(step: Step, scene: Scene, span: OpenSpan, seconds: float) -> Acted:
    """Send the same method, URL, body and key; of an exact resend all headers too. Raises `Unsendable`."""
    resend = step.action
    assert isinstance(resend, Resend)
    shipped = scene.shipped.get(step.id.removesuffix(step.name) + resend.step)
    if shipped is None:
        raise Unsendable(f"the step {resend.step} has sent nothing that could be sent again")
    again = shipped.request if resend.exact else None
    return await exchange(step, shipped.action, shipped.prepared, scene, span, seconds, exactly=again)
