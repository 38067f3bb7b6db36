"""The elements of the page: what changes all the time, and the forms."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from .robot import Answer, Robot
from .state import ViewState

TEACH_SECONDS = 3.0
"""How long the sensors are watched for 'teach this'."""

HINT = "What you ask for is answered here."

STYLE = Path(__file__).with_name("page.css")

Request = Callable[[], Awaitable[Answer]]


class LiveView(Element, component="page.js"):
    """Tiles, label, weights and charts, which `page.js` refreshes by itself.

    Its events: `plug` and `lie` with `name` and `on`, `compare` with `on`, `explain` with `name`.
    """


class Forms:
    """The boxes for a sentence, labels and a name, and the line with the newest answer."""

    def __init__(self, robot: Robot) -> None:
        """Build them into the present element.

        Args:
            robot: Takes the requests.
        """
        with ui.element("div").classes("ob-forms"):
            self._form("say", "Say a sentence", "Say", robot.say)
            self._form("labels", "Labels: cup, chair, lamp", "Set", self._setter(robot))
            teach = f"Watching {TEACH_SECONDS:.0f} s"
            self._form("teach", "What is this called?", "Teach this", self._teacher(robot), teach)
            self._answer = ui.label(HINT).classes("ob-answer").props("role=status data-answer")

    def show(self, answer: Answer) -> None:
        """Show what came of a request."""
        self._answer.set_text(answer.sentence)
        self._answer.classes(remove="ob-failed" if answer.done else "ob-done")
        self._answer.classes(add="ob-done" if answer.done else "ob-failed")
        if not answer.done:
            ui.notify(answer.sentence, position="top", color="#8a3b30", timeout=6000)

    def _form(
        self,
        name: str,
        hint: str,
        button: str,
        send: Callable[[str], Awaitable[Answer]],
        working: str = "",
    ) -> None:
        with ui.element("div").classes("ob-form"):
            box = ui.input(placeholder=hint).props(
                f'dense outlined dark maxlength=2000 aria-label="{hint}" data-box={name}'
            )
            push = ui.button(button, color=None).props(f"unelevated no-caps dense data-send={name}")

        async def submit() -> None:
            push.disable()
            push.set_text(working or button)
            try:
                answer = await send(box.value or "")
            finally:
                push.set_text(button)
                push.enable()
            self.show(answer)
            if answer.done and name == "say":
                box.set_value("")

        box.on("keydown.enter", submit)
        push.on_click(submit)

    @staticmethod
    def _setter(robot: Robot) -> Callable[[str], Awaitable[Answer]]:
        async def send(text: str) -> Answer:
            labels = [part.strip() for part in text.replace("\n", ",").split(",")]
            return await robot.set_labels([label for label in labels if label])

        return send

    @staticmethod
    def _teacher(robot: Robot) -> Callable[[str], Awaitable[Answer]]:
        async def send(text: str) -> Answer:
            return await robot.teach(text, TEACH_SECONDS)

        return send


def build_page(state: ViewState, robot: Robot) -> None:
    """Build the page for one browser.

    Args:
        state: What is shown.
        robot: Takes the requests.
    """
    ui.add_css(STYLE.read_text(encoding="utf-8"))
    ui.query(".nicegui-content").classes("ob-content")
    view = LiveView()
    with view:
        forms = Forms(robot)

    async def plug(event: GenericEventArguments) -> None:
        name, on = _name_and_switch(event)
        forms.show(await robot.plug(name, on))

    async def lie(event: GenericEventArguments) -> None:
        name, on = _name_and_switch(event)
        forms.show(await robot.let_lie(name, on))

    def compare(event: GenericEventArguments) -> None:
        if _name_and_switch(event)[1]:
            sentence = state.start_comparison(time.monotonic())
            forms.show(Answer(state.comparison.running, sentence))
        else:
            state.stop_comparison()
            forms.show(Answer(True, "The synchroniser is switched off."))

    def explain(event: GenericEventArguments) -> None:
        sensor = state.sensor(_name_and_switch(event)[0])
        if sensor is not None and sensor.reason:
            forms.show(Answer(True, f"{sensor.name}: {sensor.reason}"))

    view.on("plug", plug)
    view.on("lie", lie)
    view.on("compare", compare)
    view.on("explain", explain)


def _name_and_switch(event: GenericEventArguments) -> tuple[str, bool]:
    """Return what an event of `page.js` has; a browser may send anything."""
    values: Any = event.args if isinstance(event.args, dict) else {}
    return str(values.get("name", ""))[:200], values.get("on") is True
