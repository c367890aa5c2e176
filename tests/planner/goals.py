"""Goals as people write them: reports, stories, lists, tables, many languages, and nonsense."""

TRACE = """Requests fails with a traceback when the header is bytes.

```
Traceback (most recent call last):
  File "app.py", line 3, in <module>
AttributeError: 'NoneType' object has no attribute 'split'
```

Expected: the header is sent.
Version 2.34, Python 3.12."""
TEMPLATE = """## Describe the bug
The session cookie is not set.

## To Reproduce
Steps:
1. run the app
2. open /

## Expected behavior
A cookie is set.

## Environment
- OS: Linux
- Python: 3.12"""
JS_TRACE = """TypeError: Cannot read properties of undefined (reading 'send')
    at ServerResponse.send (/app/lib/response.js:123:10)
    at Layer.handle (/app/node_modules/router/lib/layer.js:95:5)"""
GO_TRACE = """panic: runtime error: index out of range [3] with length 3

goroutine 1 [running]:
main.main()
\t/tmp/x.go:8 +0x1d"""
GHERKIN = """Feature: Checkout
  Scenario: Empty cart
    Given an empty cart
    When the user checks out
    Then an error is shown
    And nothing is charged"""
NESTED = """Add:
- carts
  - with items
    - and prices
  - with taxes
- users
  * roles
    1. admin
    2. guest"""
TABLE = "| Feature | Priority |\n|---|---|\n| Export | high |\n| Import | low |"
REPORTS = [
    TRACE,
    TEMPLATE,
    JS_TRACE,
    GO_TRACE,
    "Steps to reproduce:\n1. Open the page\n2. Click login\n\nExpected: logged in\nActual: 500",
    "Fix: cart.download does not set Content-Length for zero-byte files",
    "X is broken. Fix that.",
    "Login fails on Safari. Please fix it.",
    "The router drops trailing slashes. That breaks links. Fix it.",
    "It crashes on Windows. The path has backslashes. Fix the path handling.",
    "The export is slow. It takes ten minutes. Make it faster. Files are about 2 GB.",
    "Jobs get lost when the worker is killed. Make sure this cannot happen.",
    "Users complain. Nobody knows why. It must stop.",
    "Why does the redirect drop the query string?",
    "How does routing work?",
    "Tests fail on Python 3.14",
    "Login doesn't work",
    "I can't log in when my password has an umlaut",
    "Deprecation warnings everywhere",
    "user@example.org cannot log in",
]
WISHES = [
    "As a user I want to log in with a passkey so that I need no password.",
    "As an admin, I want to export users as CSV.\nAs a user, I want to delete my account.",
    "- As a reader I can bookmark pages\n- As an editor I can pin a bookmark",
    GHERKIN,
    NESTED,
    TABLE,
    "- [ ] add retries\n- [x] log failures\n- [ ] document both",
    "# Goal\n\n## Must\n- [ ] fast\n\n## Should\n- [ ] pretty",
    "Build a link shortener. Links expire after 30 days. We currently use Bitly.",
    "We currently use SQLite. Move to PostgreSQL. The old data stays readable.",
    "Add dark mode. It follows the system setting. The choice is remembered.",
    "Add webhooks: each event is signed, and failures are shown to admins.",
    "When a job fails twice, it is moved to a dead-letter queue. Operators can inspect it.",
    "I have a shop. I'd like a newsletter. Customers subscribe with one click.",
    "Add rate limiting (100 requests per minute per IP), configurable; and document it.",
    "Add login, logout and password reset; without new tables, but with tests.",
    "Let a worker skip jobs whose queue is paused",
    "Middleware that logs each request",
    "Export Prometheus metrics: queue depth and job latency.",
    "Refactor the cart into its own module",
    "Upgrade httpx to 1",
    "Increase test coverage of carts to 95%",
    "feat: add retries",
    "fix(cart): handle negative prices",
    "chore(deps): bump httpx to 1",
]
REFUSALS = [
    "Do not send the Referer header on cross-origin redirects.",
    "Don't cache errors",
    "Never log passwords",
    "No more global state",
    "Without adding dependencies.",
    "Do not change anything.",
    "Avoid importing json at start-up; keep the API.",
]
LANGUAGES = [
    "Füge eine Option hinzu. Die Dokumentation soll ergänzt werden.",
    "Ajoutez une option pour limiter la taille. Elle doit être désactivée par défaut.",
    "修复登录页面的崩溃。添加测试并更新文档。",
    "ログインを速くする。テストを追加する。",
    "أضف خيارًا لتصدير التقارير. يجب أن يعمل دون اتصال.",
    "लॉगिन पेज की गति बढ़ाएँ। परीक्षण जोड़ें।",
    "Добавить поддержку прокси. Обновить документацию.",
    "로그인 오류를 수정하세요.",
    "הוסף תמיכה בעברית",
]
FRAGMENTS = [
    *["the", "a", "it", "Fix", "Fix it", "Fix that.", "Add", "Remove the", "Do it."],
    *["Make it", "Please!", "Todo:", "We need to:"],
    *["....", "….", "?", "-", "* *", "1.", "#", "## Heading only", "and, or", ", , ,", ";;;", "("],
    *["[ ]", "- [ ]", "`", "``", "|", "| a |", "0", "3.14", "Fix: the", "Fix: ", "Bug: the ", "''"],
    *[
        "🚀🔥",
        "🐛 fix login 🔥",
        "✨ Add dark mode ✨",
        "FIX THE CRASH ON STARTUP NOW",
        "TLS",
        "TODO",
    ],
    *["https://example.org/issues/42", "src/app.py", "`carts.py`", "C:\\Windows", "\\d+(\\w)*["],
    *[
        "```python\nadd(1)\n```",
        "Make this work:\n```\nadd(1)\n```",
        "```\nunclosed",
        '"Add dark mode"',
    ],
    *[
        "{ask}",
        "{subject} and {place}",
        "Use {curly} || pipes",
        "%s %d",
        "[is|are]",
        "<b>alert</b>",
    ],
    *["\u200b\u200b", "\u202eevil", "a\x00b", "tab\tgoal", "line\r\nbreaks\r\n", "ﬁx ﬂow", "ß"],
    *["i.e.", "Mr. Smith wants it.", "A. B. C.", "lorem ipsum dolor", "The the the", "word " * 900],
    *["x" * 3000, "Add a " + "very " * 300 + "long option", "Support regex `^(a|b)*$`"],
]
GOALS = [*REPORTS, *WISHES, *REFUSALS, *LANGUAGES, *FRAGMENTS]
