"""How the page of a report looks, and small parts of it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

STYLE = """
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0;background:#f6f7f8;color:#23282e;font:15px/1.5 system-ui,sans-serif}
main{max-width:1120px;margin:0 auto;padding:20px 16px 48px}
h1{font-size:24px;line-height:1.25;margin:0 0 2px}
h2{font-size:17px;margin:0 0 2px}
p{margin:0 0 8px;max-width:80ch}
.sub,.note{color:#5b646e;font-size:13.5px}
section{background:#fff;border:1px solid #e2e5e8;border-radius:8px;padding:14px 16px;
margin-top:14px}
.facts{display:flex;flex-wrap:wrap;gap:10px 28px;margin:10px 0 0;padding:0;list-style:none}
.facts b{display:block;font-size:21px;line-height:1.2;font-weight:600}
.facts span{color:#5b646e;font-size:13px}
.chart,.wide{overflow-x:auto}
svg{display:block;width:100%;min-width:860px;height:auto;margin-top:6px}
svg text{font:13px system-ui,sans-serif;fill:#23282e}
svg .axis{fill:#6b747e;font-size:12px}
svg .in{fill:#fff;font-weight:600}
svg line{stroke:#dfe3e6;stroke-width:1}
.key{display:flex;flex-wrap:wrap;gap:3px 16px;font-size:13px;margin:4px 0 0;padding:0;
list-style:none}
.key i{display:inline-block;width:12px;height:12px;border-radius:2px;margin-right:6px;
vertical-align:-1px}
table{border-collapse:collapse;font-size:14px;margin-top:8px;font-variant-numeric:tabular-nums}
th,td{padding:5px 12px 5px 0;text-align:right;border-bottom:1px solid #eceef0;white-space:nowrap}
th{font-weight:600;vertical-align:bottom}
th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:#fff}
thead th{color:#4a535c;font-size:13px}
.group{text-align:center;border-left:12px solid #fff}
.much{background:#f6d9d5}.some{background:#fbeee4}
ul.notes{margin:6px 0 0;padding-left:18px;font-size:13.5px}
@media (max-width:560px){body{font-size:14px}main{padding:12px 8px 32px}section{padding:12px 10px}
h1{font-size:20px}.facts b{font-size:18px}}
"""


def key_list(entries: Sequence[tuple[str, str]]) -> str:
    """Return the key of a chart: (colour, text) each; without a colour, a text alone."""
    items = "".join(
        f"<li>{f'<i style=background:{colour}></i>' if colour else ''}{escape(text)}</li>"
        for colour, text in entries
    )
    return f'<ul class="key">{items}</ul>'


def percent(share: float | None) -> str:
    """Return a share in percent; a dash for None."""
    return "-" if share is None else f"{share:.0%}".replace("%", " %")
