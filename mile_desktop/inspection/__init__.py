"""Looking at recorded episodes again: what a model says of them now, and what another policy would have done."""
