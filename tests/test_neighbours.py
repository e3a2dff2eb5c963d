"""What blocks see of those before and after them."""

import numpy as np

from filter.blocks import blocks_from_text
from filter.inputs import TEXT
from filter.neighbours import around, shifts
from filter.pipeline import shipped_model


def test_around_holds_the_rows_before_and_after() -> None:
    rows = np.arange(1, 5, dtype=np.float32)[:, None]
    assert shifts(2) == (-2, -1, 1, 2)
    assert around(rows, 2).tolist() == [[0, 0, 2, 3], [0, 1, 3, 4], [1, 2, 4, 0], [2, 3, 0, 0]]
    assert around(rows[:1], 2).tolist() == [[0, 0, 0, 0]]
    assert around(rows[:2], 3).tolist() == [[0, 0, 0, 2, 0, 0], [0, 0, 1, 0, 0, 0]]
    assert around(np.hstack((rows, -rows)), 1)[1].tolist() == [1, -1, 3, -3]
    assert around(rows[:0], 2).shape == (0, 4)


def test_neighbours_are_the_columns_moved_and_no_page_sees_the_next() -> None:
    pages = [blocks_from_text(text, max_blocks=9) for text in ("Rain is due.\nNo\nSun", "Snow\nHail")]
    for page, inputs in zip(pages, shipped_model().inputs(pages, [None, None]), strict=True):
        columns = dict(zip(TEXT.names, inputs.T, strict=True))
        for name in ("log_chars", "text_related"):
            own = columns[name].tolist()
            assert columns[f"{name}+1"].tolist() == [*own[1:], 0]
            assert columns[f"{name}-2"].tolist() == [0, 0, *own][: len(page)]
