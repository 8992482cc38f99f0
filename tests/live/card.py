"""A card payment on the reference server with its undo, and processes that start at once."""

import multiprocessing

CARD = """
name: card
schedule: {every: 1s}
timeout: 900ms
undo_timeout: 2s
regions: {emea: {base_url: "URL"}}
vars: {ref: "sp-${{ run.id }}", amount: "1.07"}
safety: {max_amount: {EUR: "2.00"}, max_open_exposure: {EUR: "50.00"}}
defaults:
  request: {timeout: 600ms}
  retry: {on: [connect, reset], max: 1, backoff: 50ms}
steps:
  - id: authorise
    request:
      method: POST
      url: ${{ region.base_url }}/v1/payments
      idempotency: Idempotency-Key
      json: {reference: "${{ vars.ref }}", amount: {value: "${{ vars.amount }}", currency: EUR}, method: pm_card_visa}
    assert: [{status: 201}]
    capture: {id: {json: $.id}}
    money: {amount: "${{ vars.amount }}", currency: EUR}
    undo: &take-back
      unless: refund
      look:
        request: {url: "${{ region.base_url }}/v1/payments", query: {reference: "${{ vars.ref }}"}}
        each: $.data[*]
      act:
        - when: [{json: $.status, equals: AUTHORISED}]
          request: {method: POST, url: "${{ region.base_url }}/v1/payments/${{ item.id }}/cancel", idempotency: Idempotency-Key}
          verify: [{json: $.status, equals: CANCELLED}]
        - when: [{json: $.status, equals: CAPTURED}, {json: $.refunded, equals: "0.00", as: decimal}]
          request: {method: POST, url: "${{ region.base_url }}/v1/payments/${{ item.id }}/refunds", idempotency: Idempotency-Key}
          verify: [{json: $.refunded, equals: "${{ vars.amount }}", as: decimal}]
        - when: [{json: $.status, one_of: [CANCELLED, REFUNDED]}]
          done: nothing is held
  - id: capture
    request: {method: POST, url: "${{ region.base_url }}/v1/payments/${{ steps.authorise.id }}/captures", idempotency: Idempotency-Key}
    assert: [{status: 202}]
    undo: *take-back
  - id: refund
    request: {method: POST, url: "${{ region.base_url }}/v1/payments/${{ steps.authorise.id }}/refunds", idempotency: Idempotency-Key}
    assert: [{status: 201}]
"""

WARM = multiprocessing.get_context("forkserver")
WARM.set_forkserver_preload(["synthprobe.cli.serve", "synthprobe.app.agent"])
"""Forks from a process that has everything imported: a life costs little more than its work."""
