"""The guided start: seven things to do once, each noticed by the program itself."""
