"""A reference payment server: a provider that can be made to misbehave on demand, and that tells the truth about it.

A test starts it with `payments.starting.payment_server()` as a process of its own:

    with payment_server() as provider:
        provider.fault(Fault(operation="refund", kind=Kind.LOSE))
        ...                                 # probes call provider.url
        assert provider.ledger().payments[0].refunds == 1

What it serves (`/v1/...`, JSON, amounts as decimal strings):

    POST   /v1/payments                      {reference, amount: {value, currency}, method, return_url?, callback_url?}
    GET    /v1/payments?reference=R          {data: [...]}, as it was `search_lag` seconds ago
    GET    /v1/payments/{id}
    POST   /v1/payments/{id}/captures        {amount?}: 202; CAPTURED after `capture_takes`
    POST   /v1/payments/{id}/cancel
    POST   /v1/payments/{id}/refunds         {amount?}: 201
    GET|POST /3ds/{id}                       the bank's page: `frictionless` redirects at once, `challenge` asks for 123456
    POST   /v1/tokens                        {card: {number, expiry, cvc}}
    POST   /v1/payouts, GET /v1/payouts?reference=R, GET /v1/payouts/{id}, POST /v1/payouts/{id}/cancel
    POST   /v1/consents, GET /v1/consents/{id}, GET /consent/{id}?decision=, DELETE /v1/consents/{id}
    GET    /health

Methods: `pm_card_visa` and anything else is authorised; `pm_card_declined` (05), `pm_card_insufficient` (51),
`pm_card_unavailable` (91); `pm_card_3ds_frictionless`, `pm_card_3ds_challenge`; `tok_...`; `cns_...` (a consent).
`Idempotency-Key` on POST: the same request gets the same answer (`Idempotent-Replayed: true`), another one 422, one
that still runs 409. Its webhooks, its ISO 8583 listener, its faults: `hooks.py`, `listener.py`, `faults.py`.
Control (`/control/...`): settings (PATCH), faults and webhook-faults (POST, DELETE), ledger, calls, deliveries (GET).
"""
