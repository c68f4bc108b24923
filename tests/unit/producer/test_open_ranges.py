from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from producer.open_ranges import Block, gaps_between, merge_blocks

blocks = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 8)).map(lambda pair: Block(pair[0], pair[0] + pair[1])), max_size=12
)


def ids(spans: list[Block]) -> list[int]:
    return [number for span in spans for number in range(span.first_id, span.last_id + 1)]


@given(blocks)
def test_merged_blocks_and_the_gaps_between_them_are_all_ids_once(spans: list[Block]) -> None:
    merged = merge_blocks(spans)
    gaps = list(gaps_between(merged, lowest=-5, highest=80))
    assert set(ids(merged)) == set(ids(spans))
    assert sorted(ids(merged) + ids(gaps)) == list(range(-5, 81))
    assert all(later.first_id > earlier.last_id + 1 for earlier, later in pairwise(merged))


def test_without_open_ranges_everything_is_a_gap() -> None:
    assert list(gaps_between([], lowest=-9, highest=9)) == [Block(-9, 9)]
