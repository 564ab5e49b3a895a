"""Pages as a browser shows them: Debian's Chromium, driven by Playwright; nothing is downloaded."""
