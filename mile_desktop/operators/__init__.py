"""Who can take over: gamepad, keyboard, on-screen pad and simulated supervisors, behind one protocol."""
