"""Looks at the gateway's page of statistics as a browser shows it: the plots have points, and no text covers another.

`.ci/browser` runs it: page.py PROGRAM CHROMIUM. Chromium loads the page through a server of this script, which adds a
measuring script to it; the result is in the document that Chromium prints.
"""

import html
import http.server
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

FIELDS = ["sessions", "calls", "prices", "reports"]
# Width and height of the window.
WINDOWS = [(1280, 900), (500, 900)]

MEASURE = """
<pre id="measured"></pre>
<script>
addEventListener("load", () => {
  // Where each piece of text is, line by line.
  const texts = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement;
    if (!node.data.trim() || parent.closest("script, title, svg, #measured")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const rect of range.getClientRects())
      if (rect.width > 0 && rect.height > 0) texts.push([node.data.trim(), rect]);
  }
  const overlaps = [];
  texts.forEach(([text, a], index) => texts.slice(index + 1).forEach(([other, b]) => {
    const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (width > 1 && height > 1) overlaps.push([text, other]);
  }));
  const plots = [...document.querySelectorAll("section.history")].map(section => ({
    field: section.id.replace("history-", ""),
    plots: [...section.querySelectorAll("figure")].map(figure => {
      const path = figure.querySelector("path"), box = path.getBoundingClientRect();
      return {
        title: figure.querySelector("figcaption").textContent,
        points: (path.getAttribute("d").match(/[ML]/g) || []).length,
        length: path.getTotalLength(),
        width: box.width,
        stroke: getComputedStyle(path).stroke,
      };
    }),
  }));
  const bars = [...document.querySelectorAll("rect")].map(bar => bar.getBoundingClientRect());
  document.getElementById("measured").textContent = JSON.stringify({
    texts: texts.length,
    overlaps,
    plots,
    bars: bars.filter(bar => bar.width > 0 && bar.height > 0).length,
    wider: document.documentElement.scrollWidth - innerWidth,
  });
});
</script>
"""

# The service is on this machine, where no proxy of the environment leads to.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(address, path, **options):
    """The reply's text. An error of the service is a reply, too."""
    try:
        with DIRECT.open(urllib.request.Request(address + path, **options), timeout=20) as reply:
            return reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()


def use(address, seconds):
    """Logs in and asks for this and that, while the service takes its samples."""
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        number += 1
        user = b'{"user":"user-%d"}' % number
        session = get(address, "/login", method="POST", data=user, headers={"Content-Type": "application/json"})
        get(address, "/me", headers={"Cookie": "session=" + json.loads(session)["token"]})
        get(address, "/prices/oak")
        get(address, "/reports/oak")
        time.sleep(0.02)


def serve(page):
    """A server of this page. Returns it with its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            found = self.path == "/"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page.encode() if found else b"")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}/"


def measure(chromium, page, size):
    # Else the page would be loaded again while it is looked at.
    page = re.sub(r'<meta http-equiv="refresh"[^>]*>', "", page).replace("</body>", MEASURE + "</body>")
    server, address = serve(page)
    with tempfile.TemporaryDirectory() as profile:
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}"]
        options += [f"--window-size={size[0]},{size[1]}", "--virtual-time-budget=5000", "--dump-dom", address]
        shown = subprocess.run([chromium, *options], capture_output=True, text=True, timeout=120)
    server.shutdown()
    measured = re.search(r'<pre id="measured">(.+?)</pre>', shown.stdout, re.DOTALL)
    assert measured, f"Chromium measured nothing: {shown.stdout[-500:]}\n{shown.stderr[-2000:]}"
    return json.loads(html.unescape(measured[1]))


def faults(seen):
    """What is wrong with a page."""
    found = [f"`{text}` and `{other}` overlap" for text, other in seen["overlaps"]]
    if seen["wider"] > 0:
        found.append(f"it is {seen['wider']} pixels wider than the window")
    if seen["texts"] < 50 or seen["bars"] == 0:
        found.append(f"it has {seen['texts']} texts and {seen['bars']} bars")
    if [section["field"] for section in seen["plots"]] != FIELDS:
        found.append(f"it has plots of {[section['field'] for section in seen['plots']]}")
    for section in seen["plots"]:
        if len(section["plots"]) != 4:
            found.append(f"{section['field']} has {len(section['plots'])} plots")
        for plot in section["plots"]:
            drawn = plot["length"] > 0 and plot["width"] > 10 and plot["stroke"] != "none"
            if plot["points"] < 3 or not drawn:
                found.append(f"{section['field']}, `{plot['title']}` is not drawn: {plot}")
    return found


def main(program, chromium):
    options = ["--port", "0", "--sample", "200ms", "--limit", "1000000", "--window", "1h"]
    service = subprocess.Popen([program, *options], stdout=subprocess.PIPE, text=True)
    try:
        address = service.stdout.readline().removeprefix("listening on ").strip()
        # Until the service has taken some samples.
        for _ in range(30):
            use(address, 2)
            page = get(address, "/stats")
            if min(path.count("L") for path in re.findall(r'<path d="([^"]*)"', page) or [""]) >= 3:
                break
        for size in WINDOWS:
            found = faults(measure(chromium, page, size))
            assert not found, f"the page in a window of {size[0]} by {size[1]}:\n" + "\n".join(found)
        # The same eyes see what is planted: captions over other text, and a plot without a line.
        planted = page.replace("</style>", "figcaption { margin-bottom: -9rem }</style>")
        assert any("overlap" in fault for fault in faults(measure(chromium, planted, WINDOWS[0]))), "no overlap was seen"
        planted = re.sub(r'<path d="[^"]*"', '<path d=""', page, count=1)
        found = faults(measure(chromium, planted, WINDOWS[0]))
        assert len(found) == 1 and "is not drawn" in found[0], found
    finally:
        service.terminate()
        assert service.wait(20) == 0, "the gateway ended with an error"
    print(f"the plots of {len(FIELDS)} maps have points, and no text covers another, in windows of {WINDOWS}")


main(*sys.argv[1:])
