"""Order of the conditions: a balanced Latin square, computed.

Williams (1949), "Experimental designs balanced for the estimation of residual effects of treatments": every condition
stands equally often at every position, and follows every other condition equally often. For an even number of
conditions one square of as many rows does it; for an odd number the mirrored square is added.
"""


def balanced_square(conditions: int) -> tuple[tuple[int, ...], ...]:
    """Return the rows of the balanced Latin square over 0 … ``conditions`` − 1.

    Raises ``ValueError`` below 1.
    """
    if conditions < 1:
        raise ValueError(f"A Latin square needs at least 1 condition, not {conditions}.")
    # 0, 1, n−1, 2, n−2 …: the differences of neighbours are all different, which is what balances the carry-over.
    first = [0]
    low, high = 1, conditions - 1
    while low <= high:
        first.append(low)
        if low != high:
            first.append(high)
        low, high = low + 1, high - 1
    rows = [tuple((each + shift) % conditions for each in first) for shift in range(conditions)]
    if conditions % 2 and conditions > 1:
        rows += [row[::-1] for row in rows]
    return tuple(rows)
