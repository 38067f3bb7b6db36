"""Exceptions of callbacks: counted, told with their place, and too many of them."""

import pytest

from omnibind_ros.runtime.callback_errors import (
    LIMIT,
    PERIOD,
    CallbackErrors,
    TooManyErrorsError,
    describe,
)


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


class Reporter:
    def __init__(self):
        self.errors = []

    def error(self, text):
        self.errors.append(text)


def fail(text):
    raise ValueError(text)


def raised(text="the cable\n is out"):
    with pytest.raises(ValueError, match=r"\S") as caught:
        fail(text)
    return caught.value


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def reporter():
    return Reporter()


@pytest.fixture
def errors(reporter, clock):
    return CallbackErrors(reporter, clock)


def test_an_exception_is_told_on_one_line_with_its_place():
    assert describe(raised()).startswith("ValueError: the cable is out, at runtime/test_callback_")
    assert describe(KeyError()) == "KeyError"
    assert len(describe(RuntimeError("x" * 9999))) < 400


def test_each_kind_of_failure_says_what_to_do(errors, reporter):
    errors.callback_failed(raised())
    assert errors.last.startswith("callback: failed (ValueError: the cable is out, at runtime/")
    assert errors.last.endswith("; its work is lost, and the node goes on")
    errors.request_failed("~/enroll", raised("no"))
    assert errors.last.startswith("~/enroll: a request failed (ValueError: no")
    assert errors.last.endswith("; correct the request, or report it if it is correct")
    errors.transition_failed("on_configure", raised("no"))
    assert errors.last.startswith("on_configure: the transition failed (ValueError: no")
    assert errors.last.endswith("; configure the node again")
    assert errors.count == 3
    assert len(reporter.errors) == 3


def test_many_callbacks_that_fail_at_once_stop_the_node(errors, clock):
    for _ in range(LIMIT - 1):
        errors.callback_failed(raised())
    errors.check()
    clock.now += PERIOD
    errors.callback_failed(raised())
    clock.now += 100.0
    with pytest.raises(TooManyErrorsError, match="10 callbacks have failed within 1 s"):
        errors.check()


def test_callbacks_that_fail_now_and_then_and_requests_do_not(errors, clock):
    for _ in range(10 * LIMIT):
        errors.callback_failed(raised())
        clock.now += 1.01 * PERIOD / (LIMIT - 1)
        errors.request_failed("~/enroll", raised())
    errors.check()
    assert errors.count == 20 * LIMIT
