"""Fetches pages with aiohttp, many at once, and classifies them in processes beside the event loop.

python clean_with_aiohttp.py https://example.org/story https://example.org/other
"""

import asyncio
import sys
from collections.abc import Iterable
from concurrent.futures import Executor, ProcessPoolExecutor

import aiohttp

from filter import Document, FilterError, Options, classify


def document_of(body: bytes, url: str, charset: str | None) -> Document:
    """Return the classified page; a function of its own, so that a process can be sent to it."""
    return classify(body, url=url, options=Options(encoding=charset, deadline=10))


async def fetch(session: aiohttp.ClientSession, executor: Executor, url: str) -> Document | Exception:
    """Return the page's document, or what went wrong; fetching goes on while others are classified."""
    try:
        async with session.get(url) as response:
            response.raise_for_status()
            body = await response.read()
            address, charset = str(response.url), response.charset
        # Classifying takes processor time, which the event loop must not spend.
        return await asyncio.get_running_loop().run_in_executor(executor, document_of, body, address, charset)
    except (aiohttp.ClientError, TimeoutError, FilterError) as error:
        return error


async def fetch_all(urls: Iterable[str], executor: Executor) -> list[Document | Exception]:
    """Return a document or an error for each address, in their order."""
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        return await asyncio.gather(*(fetch(session, executor, url) for url in urls))


if __name__ == "__main__":
    # ThreadPoolExecutor(max_workers=1) is enough where fetching is slower than classifying.
    with ProcessPoolExecutor(max_workers=2) as executor:
        for result in asyncio.run(fetch_all(sys.argv[1:], executor)):
            print(result.text() if isinstance(result, Document) else f"failed: {result}")
