"""Drives sim-venue with polymarket-client, unmodified: REST and both WebSocket streams.

Usage: polymarket_client_checks.py http://127.0.0.1:PORT
"""

import asyncio
import dataclasses
import logging
import sys
import time

from checks import Checks, new_key
from eth_account import Account
from polymarket import AsyncSecureClient, PublicClient, SecureClient
from polymarket.environments import PRODUCTION, _create_environment
from polymarket.streams import MarketSpec, UserSpec

logging.disable(logging.CRITICAL)


def environment(host):
    """The client's own environment, with the venue's addresses in it."""
    streams = "ws" + host[len("http") :]
    config = dataclasses.replace(
        PRODUCTION._config,
        clob_url=host,
        clob_market_ws_url=streams + "/ws/market",
        clob_user_ws_url=streams + "/ws/user",
    )
    return _create_environment(name="sim-venue", config=config)


def wallet(host):
    key = new_key()
    return SecureClient.create(
        private_key=key, wallet=Account.from_key(key).address, environment=environment(host)
    )


def tokens(host, question):
    """The tokens of a demonstration market, as `sim-venue markets` lists them."""
    import json
    import urllib.request

    with urllib.request.urlopen(host + "/markets") as answer:
        for market in json.load(answer)["data"]:
            if market["question"] == question:
                return market["condition_id"], [t["token_id"] for t in market["tokens"]]
    raise SystemExit(f"the venue does not list {question}")


def public(checks, host, yes):
    with PublicClient(environment=environment(host)) as client:
        book = checks.eventually(
            "a book with both sides",
            lambda: (lambda b: b if b.bids and b.asks else None)(
                client.get_order_book(token_id=yes)
            ),
        )
        bids, asks = [l.price for l in book.bids], [l.price for l in book.asks]
        checks.that("its best bid is the last", bids[-1] == max(bids), bids)
        checks.that("its best ask is the last", asks[-1] == min(asks), asks)
        middle = client.get_midpoint(token_id=yes)
        checks.that("a middle", 0 < middle < 1, middle)
        checks.that("a spread", client.get_spread(token_id=yes) > 0)
        checks.that("many books", len(client.get_order_books(token_ids=[yes])) == 1)


def trading(checks, host, condition, yes, no):
    with wallet(host) as one:
        cash = one.get_balance_allowance(asset_type="COLLATERAL")
        checks.that("a wallet starts with its balance", cash.balance == 1_000_000_000, cash)
        checks.that("the exchanges may take it", all(v > 0 for v in cash.allowances.values()), cash)
        checks.that("it may trade", one.get_closed_only_mode() is False)
        placed = one.place_limit_order(token_id=yes, price="0.05", size=20, side="BUY")
        checks.that("an order rests", placed.ok and placed.status == "live", placed)
        found = list(one.list_open_orders(token_id=yes).iter_items())
        checks.that("it is listed", [o.id for o in found] == [placed.order_id], found)
        checks.that("and found", one.get_order(order_id=placed.order_id).original_size == 20)
        done = one.cancel_order(order_id=placed.order_id)
        checks.that("it is cancelled", done.canceled == (placed.order_id,), done)
        batch = [
            one.create_limit_order(token_id=yes, price=price, size=10, side="BUY")
            for price in ("0.03", "0.04")
        ]
        results = one.post_orders(batch)
        checks.that("a batch rests", all(r.ok for r in results), results)
        done = one.cancel_orders(order_ids=[results[0].order_id])
        checks.that("one of it is cancelled", len(done.canceled) == 1, done)
        done = one.cancel_market_orders(market=condition)
        checks.that("the market's are cancelled", len(done.canceled) == 1, done)
        expiring = one.place_limit_order(
            token_id=yes, price="0.05", size=10, side="BUY", expiration=int(time.time()) + 240
        )
        checks.that("an order until a moment rests", expiring.ok, expiring)
        checks.that("all are cancelled", len(one.cancel_all().canceled) == 1)
        bought = one.place_market_order(token_id=yes, side="BUY", amount=10, order_type="FAK")
        checks.that("a market order matches", bought.ok and bought.status == "matched", bought)
        checks.that("with its transactions", len(bought.transactions_hashes) > 0, bought)
        trades = list(one.list_account_trades(token_id=yes).iter_items())
        ids = {trade.id for trade in trades}
        checks.that("its trades are listed", ids == set(bought.trade_ids), trades)
        held = one.get_balance_allowance(asset_type="CONDITIONAL", token_id=yes).balance
        checks.that("what was taken is there", held == int(bought.taking_amount * 1_000_000), held)
        sold = one.place_market_order(
            token_id=yes, side="SELL", shares=int(bought.taking_amount), order_type="FAK"
        )
        checks.that("and sold", sold.ok and sold.status == "matched", sold)
        checks.refused(
            "fill or kill",
            lambda: one.post_order(
                one.create_market_order(
                    token_id=yes, side="BUY", amount=900, max_price="0.02", order_type="FOK"
                )
            ),
            "FOK",
        )
        checks.refused(
            "post-only that crosses",
            lambda: one.place_limit_order(
                token_id=yes, price="0.99", size=10, side="BUY", post_only=True
            ),
            "post-only",
        )
        checks.refused(
            "a size below the minimum",
            lambda: one.place_limit_order(token_id=yes, price="0.05", size=1, side="BUY"),
            "minimum",
        )
        beat = one.send_order_heartbeat()
        checks.that("a heartbeat", bool(beat.heartbeat_id), beat)
        checks.that("one API key", len(one.fetch_api_keys()) == 1)


async def streams(checks, host, condition, yes):
    key = new_key()
    client = await AsyncSecureClient.create(
        private_key=key, wallet=Account.from_key(key).address, environment=environment(host)
    )
    async with client:
        market = await client.subscribe(
            MarketSpec(asset_ids=[yes], custom_feature_enabled=True)
        )
        user = await client.subscribe(UserSpec(markets=[condition]))
        seen = set()

        async def watch():
            async for event in market:
                seen.add(event.type)
                if {"book", "price_change", "best_bid_ask", "last_trade_price"} <= seen:
                    return

        own = []

        async def listen():
            async for event in user:
                own.append(event)
                if event.type == "trade" and event.payload.status == "CONFIRMED":
                    return

        watching = asyncio.create_task(watch())
        listening = asyncio.create_task(listen())
        await asyncio.sleep(0.5)
        placed = await client.place_limit_order(token_id=yes, price="0.05", size=10, side="BUY")
        await client.cancel_order(order_id=placed.order_id)
        bought = await client.place_market_order(token_id=yes, side="BUY", amount=5)
        try:
            await asyncio.wait_for(asyncio.gather(watching, listening), 60)
        except TimeoutError:
            pass
        checks.that(
            "the market stream",
            {"book", "price_change", "best_bid_ask", "last_trade_price"} <= seen,
            seen,
        )
        orders = [e.payload.order_event_type for e in own if e.type == "order"]
        checks.that("the user's orders", orders[:2] == ["PLACEMENT", "CANCELLATION"], orders)
        first = bought.trade_ids[0]
        states = [
            e.payload.status for e in own if e.type == "trade" and e.payload.id == first
        ]
        checks.that("the user's trades", states == ["MATCHED", "MINED", "CONFIRMED"], states)


def main(host):
    checks = Checks("polymarket-client")
    condition, (yes, no) = tokens(host, "An even chance")
    public(checks, host, yes)
    trading(checks, host, condition, yes, no)
    asyncio.run(streams(checks, host, condition, yes))
    checks.done()


if __name__ == "__main__":
    main(sys.argv[1])
