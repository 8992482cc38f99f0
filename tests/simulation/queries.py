"""What a store says, outside any process."""

from synthprobe.ports import DbRow, Sql, Tx
from synthprobe.stores.inline import InlineStore


async def ask(store: InlineStore, sql: str, **params: str | int) -> list[DbRow]:
    """The rows of a query."""

    def query() -> Tx[list[DbRow]]:
        return (yield Sql(sql, params))

    return await store.read(query)
