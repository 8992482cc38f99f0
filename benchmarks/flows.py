"""The probes that are measured: one step with four assertions and a capture, and a payment of four steps."""

from target import Target

ONE_STEP = """
name: {name}
owner: bench
schedule:
  every: {every}
regions:
  emea:
    base_url: {url}
steps:
  - id: look
    request:
      method: GET
      url: ${{{{ region.base_url }}}}/health
    assert:
      - status: 200
      - json: $.status
        equals: ok
      - header: Content-Type
        contains: json
      - duration: {{lt: 5s}}
        level: degraded
    capture:
      version: {{json: $.version}}
"""

FOUR_STEPS = """
name: {name}
owner: bench
schedule:
  every: {every}
regions:
  emea:
    base_url: {url}
{matrix}
vars: {{amount: "1.07", currency: EUR, ref: "sp-${{{{ run.id }}}}"}}
steps:
  - id: authorise
    request:
      method: POST
      url: ${{{{ region.base_url }}}}/v1/payments
      idempotency: Idempotency-Key
      json:
        reference: ${{{{ vars.ref }}}}
        amount: {{value: "${{{{ vars.amount }}}}", currency: "${{{{ vars.currency }}}}"}}
    assert:
      - status: 201
      - json: $.status
        equals: AUTHORISED
      - json: $.amount.value
        equals: ${{{{ vars.amount }}}}
        as: decimal
      - duration: {{lt: 5s}}
        level: degraded
    capture:
      id: {{json: $.id}}
  - id: capture
    request:
      method: POST
      url: ${{{{ region.base_url }}}}/v1/payments/${{{{ steps.authorise.id }}}}/captures
      idempotency: Idempotency-Key
    assert:
      - status: 202
      - json: $.id
        equals: ${{{{ steps.authorise.id }}}}
  - id: settled
    request:
      method: GET
      url: ${{{{ region.base_url }}}}/v1/payments/${{{{ steps.authorise.id }}}}
    assert:
      - status: 200
      - json: $.status
        equals: CAPTURED
      - json: $.refunded
        equals: "0.00"
        as: decimal
  - id: refund
    request:
      method: POST
      url: ${{{{ region.base_url }}}}/v1/payments/${{{{ steps.authorise.id }}}}/refunds
      idempotency: Idempotency-Key
      json:
        amount: ${{{{ vars.amount }}}}
    assert:
      - status: 201
      - json: $.status
        equals: REFUNDED
    capture:
      refund: {{json: $.id}}
"""

K6_FLOW = """
import http from 'k6/http';
import {{ check, fail }} from 'k6';

export const options = {options};
const headers = {{ 'Content-Type': 'application/json' }};

function keyed() {{
  return {{ headers: {{ ...headers, 'Idempotency-Key': `${{__VU}}-${{__ITER}}-${{Math.random()}}` }} }};
}}

export default function () {{
  const paid = http.post('{url}/v1/payments', JSON.stringify({{
    reference: `sp-${{__VU}}-${{__ITER}}`, amount: {{ value: '1.07', currency: 'EUR' }},
  }}), keyed());
  check(paid, {{
    'authorised': (r) => r.status === 201,
    'status': (r) => r.json('status') === 'AUTHORISED',
    'amount': (r) => Number(r.json('amount.value')) === 1.07,
    'in time': (r) => r.timings.duration < 5000,
  }}) || fail('authorise');
  const id = paid.json('id');
  const captured = http.post(`{url}/v1/payments/${{id}}/captures`, null, keyed());
  check(captured, {{ 'captured': (r) => r.status === 202, 'same': (r) => r.json('id') === id }}) || fail('capture');
  const settled = http.get(`{url}/v1/payments/${{id}}`);
  check(settled, {{
    'found': (r) => r.status === 200,
    'status': (r) => r.json('status') === 'CAPTURED',
    'nothing refunded': (r) => Number(r.json('refunded')) === 0,
  }}) || fail('settled');
  const refunded = http.post(`{url}/v1/payments/${{id}}/refunds`, JSON.stringify({{ amount: '1.07' }}), keyed());
  check(refunded, {{ 'refunded': (r) => r.status === 201, 'status': (r) => r.json('status') === 'REFUNDED' }}) || fail('refund');
}}
"""


def one_step(count: int, every: str, url: str) -> dict[str, str]:
    """So many probe files of one step."""
    names = [f"look-{number:05}" for number in range(count)]
    return {name: ONE_STEP.format(name=name, every=every, url=url) for name in names}


def four_steps(count: int, every: str, url: str, rows: int = 1) -> dict[str, str]:
    """So many probe files of four steps, each with so many rows: `count × rows` checks."""
    lines = [f"  - {{scheme: s{row}}}" for row in range(rows)]
    matrix = "\n".join(["matrix:", *lines]) if rows > 1 else ""
    names = [f"payment-{number:05}" for number in range(count)]
    return {name: FOUR_STEPS.format(name=name, every=every, url=url, matrix=matrix) for name in names}


def address(target: Target, scheme: str) -> str:
    """Where the target answers in this scheme."""
    return {"plain": target.plain, "tls": target.tls}[scheme]
