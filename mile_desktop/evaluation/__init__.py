"""How good a policy is: seeded evaluation, intervals and paired comparison."""
