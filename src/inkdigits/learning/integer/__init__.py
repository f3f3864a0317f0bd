"""Networks in integers, for devices without a floating-point unit and for browsers."""
