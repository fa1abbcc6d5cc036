"""Drives sim-venue with py-clob-client-v2, unmodified.

Usage: py_clob_client_v2_checks.py http://127.0.0.1:PORT
"""

import dataclasses
import logging
import sys
import time

from checks import Checks, new_key
from py_clob_client_v2.client import ClobClient
from py_clob_client_v2.clob_types import (
    ApiCreds,
    AssetType,
    BalanceAllowanceParams,
    CreateOrderOptions,
    MarketOrderArgsV2,
    OpenOrderParams,
    OrderArgsV2,
    OrderMarketCancelParams,
    OrderPayload,
    OrderType,
    PartialCreateOrderOptions,
    PostOrdersV2Args,
    TradeParams,
)

CHAIN = 137
logging.getLogger("py_clob_client_v2").setLevel(logging.CRITICAL)
logging.getLogger("py_clob_client_v2.http_helpers.helpers").setLevel(logging.CRITICAL)


def wallet(host):
    client = ClobClient(host, CHAIN, key=new_key())
    client.set_api_creds(client.create_or_derive_api_key())
    return client


def order(client, token, price, size, side, kind=OrderType.GTC, post_only=False, expiration=0):
    signed = client.create_order(
        OrderArgsV2(token_id=token, price=price, size=size, side=side, expiration=expiration)
    )
    return client.post_order(signed, kind, post_only)


def shares(client, token):
    params = BalanceAllowanceParams(asset_type=AssetType.CONDITIONAL, token_id=token)
    return int(client.get_balance_allowance(params)["balance"]) / 1e6


def dollars(client):
    params = BalanceAllowanceParams(asset_type=AssetType.COLLATERAL)
    return int(client.get_balance_allowance(params)["balance"]) / 1e6


def public(checks, client):
    checks.that("the venue is there", client.get_ok() == "OK", client.get_ok())
    checks.that("its clock is ours", abs(client.get_server_time() - time.time()) < 5)
    page = client.get_markets()
    checks.that("one page of markets", page["next_cursor"] == "LTE=" and page["count"] == 5, page)
    market = next(m for m in page["data"] if m["question"] == "An even chance")
    yes, no = (token["token_id"] for token in market["tokens"])
    book = checks.eventually(
        "a book with both sides",
        lambda: (lambda b: b if b["bids"] and b["asks"] else None)(client.get_order_book(yes)),
    )
    checks.that(
        "the best level is the last",
        [float(l["price"]) for l in book["bids"]] == sorted(float(l["price"]) for l in book["bids"])
        and [float(l["price"]) for l in book["asks"]]
        == sorted((float(l["price"]) for l in book["asks"]), reverse=True),
        book,
    )
    stated = book["hash"]
    checks.that("the book's hash", client.get_order_book_hash(dict(book)) == stated, stated)
    other = client.get_order_books([{"token_id": yes}, {"token_id": no}])[1]
    checks.that("the other token mirrors it", len(other["bids"]) > 0, other)
    checks.that("a tick", client.get_tick_size(yes) == "0.01", client.get_tick_size(yes))
    checks.that("no negative risk", client.get_neg_risk(yes) is False)
    middle = float(client.get_midpoint(yes)["mid"])
    bid = float(client.get_price(yes, "BUY")["price"])
    ask = float(client.get_price(yes, "SELL")["price"])
    checks.that("bid, middle, ask", bid <= middle <= ask, (bid, middle, ask))
    checks.that("a spread", float(client.get_spread(yes)["spread"]) > 0)
    info = client.get_clob_market_info(market["condition_id"])
    checks.that("fees", info["fd"]["r"] == 0.04 and info["mos"] == 5, info)
    race = next(m for m in page["data"] if m["neg_risk"])
    fine = next(m for m in page["data"] if m["minimum_tick_size"] == 0.001)
    return market, yes, no, race, fine


def resting(checks, client, market, yes):
    before = dollars(client)
    checks.that("a wallet starts with its balance", before == 1000, before)
    placed = order(client, yes, 0.05, 20, "BUY")
    checks.that("an order rests", placed["success"] and placed["status"] == "live", placed)
    found = client.get_open_orders(OpenOrderParams(asset_id=yes))
    checks.that("it is listed", [o["id"] for o in found] == [placed["orderID"]], found)
    one = client.get_order(placed["orderID"])
    checks.that("and found", one["price"] == "0.05" and one["original_size"] == "20", one)
    done = client.cancel_order(OrderPayload(orderID=placed["orderID"]))
    checks.that("it is cancelled", done["canceled"] == [placed["orderID"]], done)
    again = client.cancel_order(OrderPayload(orderID=placed["orderID"]))
    checks.that("but once", placed["orderID"] in again["not_canceled"], again)
    batch = [
        PostOrdersV2Args(
            order=client.create_order(
                OrderArgsV2(token_id=yes, price=price, size=10, side="BUY")
            ),
            orderType=OrderType.GTC,
        )
        for price in (0.03, 0.04, 0.05, 0.06)
    ]
    results = client.post_orders(batch)
    ids = [result["orderID"] for result in results]
    checks.that("a batch rests", all(r["success"] for r in results), results)
    done = client.cancel_orders(ids[:1])
    checks.that("one of it is cancelled", done["canceled"] == ids[:1], done)
    done = client.cancel_market_orders(
        OrderMarketCancelParams(market=market["condition_id"], asset_id=yes)
    )
    checks.that("the market's are cancelled", sorted(done["canceled"]) == sorted(ids[1:]), done)
    order(client, yes, 0.05, 20, "BUY")
    checks.that("all are cancelled", len(client.cancel_all()["canceled"]) == 1)
    checks.that("nothing rests", client.get_open_orders() == [])
    checks.that("and nothing was paid", dollars(client) == before)


def refusals(checks, host, client, yes, fine):
    checks.refused(
        "a size below the minimum", lambda: order(client, yes, 0.05, 1, "BUY"), "minimum"
    )
    changed = client.create_order(OrderArgsV2(token_id=yes, price=0.05, size=10, side="BUY"))
    changed = dataclasses.replace(changed, makerAmount="400000")
    checks.refused("a changed order", lambda: client.post_order(changed), "invalid signature")
    # The client itself would not make such an order, its builder does.
    off = client.builder.build_order(
        OrderArgsV2(token_id=yes, price=0.051, size=10, side="BUY"),
        CreateOrderOptions(tick_size="0.001", neg_risk=False),
        version=2,
    )
    checks.refused("a price off the tick", lambda: client.post_order(off), "tick size")
    wrong = client.create_order(
        OrderArgsV2(token_id=yes, price=0.05, size=10, side="BUY"),
        PartialCreateOrderOptions(tick_size="0.01", neg_risk=True),
    )
    checks.refused("the wrong exchange", lambda: client.post_order(wrong), "invalid signature")
    ask = float(client.get_price(yes, "SELL")["price"])
    checks.refused(
        "post-only that crosses",
        lambda: order(client, yes, min(ask + 0.02, 0.99), 10, "BUY", post_only=True),
        "post-only",
    )
    checks.refused(
        "more than the balance", lambda: order(client, yes, 0.05, 100_000, "BUY"), "balance"
    )
    checks.refused("a sale of nothing", lambda: order(client, yes, 0.95, 10, "SELL"), "balance")
    checks.refused(
        "fill or kill",
        lambda: order(client, yes, 0.02, 500, "BUY", OrderType.FOK),
        "FOK orders are fully filled or killed",
    )
    checks.refused(
        "fill and kill", lambda: order(client, yes, 0.02, 500, "BUY", OrderType.FAK), "FAK"
    )
    checks.refused(
        "an expiry that is too near",
        lambda: order(
            client, yes, 0.05, 10, "BUY", OrderType.GTD, expiration=int(time.time()) + 30
        ),
        "expiration",
    )
    good = client.creds
    bad = ApiCreds(good.api_key, "A" * 43 + "=", good.api_passphrase)
    client.set_api_creds(bad)
    checks.refused("a bad secret", lambda: client.get_open_orders(), "401")
    client.set_api_creds(good)
    stranger = ClobClient(host, CHAIN, key=new_key(), creds=good)
    checks.refused("another's key", lambda: stranger.get_open_orders(), "401")
    checks.refused("a second key of one nonce", lambda: client.create_api_key(), "400")
    derived = client.derive_api_key()
    checks.that("the key is found again", derived.api_secret == good.api_secret)


def expiry(checks, client, yes):
    """Taken off the book a minute before the time that is stated."""
    placed = order(
        client, yes, 0.05, 10, "BUY", OrderType.GTD, expiration=int(time.time()) + 66
    )
    checks.that("an order that expires rests", placed["status"] == "live", placed)
    checks.eventually("it expires", lambda: client.get_open_orders() == [])
    state = client.get_order(placed["orderID"])["status"]
    checks.that("and says so", state == "CANCELED", state)


def matching(checks, one, two, market):
    """Two wallets trade inside the spread of a market that nobody else is quick enough for."""
    yes, no = (token["token_id"] for token in market["tokens"])
    bid = float(one.get_price(yes, "BUY")["price"])
    ask = float(one.get_price(yes, "SELL")["price"])
    tick = float(one.get_tick_size(yes))

    # Taking from the book, all at once.
    start = dollars(one)
    bought = one.create_and_post_market_order(
        MarketOrderArgsV2(token_id=yes, amount=20, side="BUY"), order_type=OrderType.FAK
    )
    checks.that("a market order matches", bought["status"] == "matched", bought)
    checks.that("with the hashes of its transactions", bought["transactionsHashes"], bought)
    held = shares(one, yes)
    checks.that("what was taken is there", abs(held - float(bought["takingAmount"])) < 1e-6, held)
    paid = start - dollars(one)
    price = float(bought["makingAmount"]) / float(bought["takingAmount"])
    fee = float(bought["takingAmount"]) * 0.04 * price * (1 - price)
    checks.that(
        "what was given is gone, with the fee",
        abs(paid - float(bought["makingAmount"]) - fee) < 0.01,
        (paid, bought, fee),
    )
    trades = one.get_trades(TradeParams(asset_id=yes))
    checks.that("the trades are listed", len(trades) == len(bought["tradeIDs"]), trades)
    checks.that("as the taker's", {t["trader_side"] for t in trades} == {"TAKER"}, trades)
    checks.eventually(
        "they become final",
        lambda: {t["status"] for t in one.get_trades()} == {"CONFIRMED"},
    )

    # A pair is minted: both buy, one YES and one NO, between them a dollar.
    def mint():
        low = float(one.get_price(yes, "BUY")["price"])
        high = float(one.get_price(yes, "SELL")["price"])
        quote = round(low + tick, 4)
        if quote >= high:
            return None
        before = shares(one, yes)
        made = order(one, yes, quote, 12, "BUY", post_only=True)
        took = order(two, no, round(1 - quote, 4), 6, "BUY")
        own = one.get_order(made["orderID"])
        if float(own["size_matched"]) < 6 or took["status"] != "matched":
            one.cancel_all()
            two.cancel_all()
            return None
        return before, made, took, own

    before, made, took, own = checks.eventually("a pair is minted", mint, 90)
    checks.that("in part", own["status"] in ("LIVE", "MATCHED"), own)
    checks.that("the maker has YES", shares(one, yes) >= before + 6 - 1e-6, shares(one, yes))
    checks.that("the taker has NO", shares(two, no) >= 6 - 1e-6, shares(two, no))
    parts = [t for t in two.get_trades() if t["id"] in took["tradeIDs"]]
    makers = [m for t in parts for m in t["maker_orders"] if m["order_id"] == made["orderID"]]
    checks.that("the maker's part is of the other token", makers[0]["asset_id"] == yes, parts)
    checks.that("and so is not the taker's", parts[0]["asset_id"] == no, parts)
    one.cancel_all()

    # A sale of what is held, in part into a resting purchase.
    have = shares(two, no)
    sold = two.create_and_post_market_order(
        MarketOrderArgsV2(token_id=no, amount=2, side="SELL"), order_type=OrderType.FAK
    )
    checks.that("what is held is sold", sold["status"] == "matched", sold)
    checks.that("and is gone", abs(shares(two, no) - have + float(sold["makingAmount"])) < 1e-6)
    return bid, ask


def other_markets(checks, client, race, fine):
    token = race["tokens"][0]["token_id"]
    placed = order(client, token, 0.05, 10, "BUY")
    checks.that("an order for the negative-risk exchange", placed["success"], placed)
    token = fine["tokens"][0]["token_id"]
    placed = order(client, token, 0.011, 10, "BUY")
    checks.that("an order on a finer tick", placed["success"], placed)
    client.cancel_all()


def heartbeats(checks, client, yes):
    beat = client.post_heartbeat("")
    checks.that("a heartbeat", beat["heartbeat_id"] != "", beat)
    checks.refused("a wrong heartbeat", lambda: client.post_heartbeat("nonsense"), "400")
    checks.that("the next one", client.post_heartbeat(beat["heartbeat_id"])["heartbeat_id"] != "")
    order(client, yes, 0.05, 10, "BUY")
    checks.eventually(
        "silence cancels everything", lambda: client.get_open_orders() == [], 45
    )


def throttled(checks, client):
    checks.throttled("too many requests", client.cancel_all)


def main(host):
    checks = Checks("py-clob-client-v2")
    one, two = wallet(host), wallet(host)
    market, yes, no, race, fine = public(checks, one)
    resting(checks, one, market, yes)
    # The next part is about other refusals than too many requests.
    time.sleep(2)
    refusals(checks, host, one, yes, fine)
    expiry(checks, one, yes)
    matching(checks, one, two, market)
    other_markets(checks, one, race, fine)
    heartbeats(checks, one, yes)
    throttled(checks, one)
    checks.done()


if __name__ == "__main__":
    main(sys.argv[1])
