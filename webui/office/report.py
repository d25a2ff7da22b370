"""POST /report: one report of one box, as JSON; taken once, whatever comes twice.

201 new · 200 it was here already · 409 its number is here with other words (the box then takes another number) ·
400, 413, 415 it is no report · 429 too many · 503 full, or the inbox is sick. Only JSON: a form on somebody's site cannot
make its visitors report.
"""

from __future__ import annotations

import ipaddress
import json
import time

from flask import Blueprint, Response, abort, current_app, jsonify, request
from flask_limiter import Limiter

from filterd.control import feed_inbox
from filterd.errors import ConfigError

FULL_WAIT_S = 3600
OF_ONE = "30 per minute; 300 per hour"  # of one address: a school's boxes share it
OF_ALL = "60 per second; 2000 per minute"


def who() -> str:
    """Return who asks, as counted: an address, of IPv6 the network that one subscriber has."""
    try:
        address = ipaddress.ip_address((request.remote_addr or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


limiter = Limiter(key_func=who, application_limits=[], storage_uri="memory://")
page = Blueprint("report", __name__)


@page.post("/report")
@limiter.limit(OF_ALL, key_func=lambda: "all")
@limiter.limit(OF_ONE)
def report() -> tuple[Response, int]:
    """Take one report in."""
    if request.mimetype != "application/json":
        abort(415)
    try:
        values = json.loads(request.get_data(cache=False))
    except (ValueError, RecursionError):
        return jsonify(error="expected JSON"), 400
    try:
        added = feed_inbox.take(current_app.extensions["inbox"], values, time.time())
    except ConfigError as error:
        return jsonify(error=error.problems[0]), 400
    status = {"new": 201, "same": 200, "other": 409, "full": 503}[added.value]
    answer = jsonify(report=added.value)
    if status == 503:
        answer.headers["Retry-After"] = str(FULL_WAIT_S)
    return answer, status
