"""Fetches pages with requests and takes the boilerplate out of their soup.

python clean_with_requests.py https://example.org/story
"""

import sys

import requests
from bs4 import BeautifulSoup

from filter import strip


def article_of(session: requests.Session, url: str) -> BeautifulSoup:
    """Return the page's soup without its boilerplate; headings, links and pictures of the article still work."""
    response = session.get(url, timeout=20)
    response.raise_for_status()
    # Bytes: BeautifulSoup looks for the charset that the page declares, where the header names none.
    charset = response.encoding if "charset" in response.headers.get("Content-Type", "") else None
    soup = BeautifulSoup(response.content, "lxml", from_encoding=charset)
    strip(soup, url=url)
    return soup


if __name__ == "__main__":
    with requests.Session() as session:
        for url in sys.argv[1:]:
            soup = article_of(session, url)
            print(soup.get_text("\n", strip=True))
            print([link["href"] for link in soup.find_all("a", href=True)])
