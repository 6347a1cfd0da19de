"""The parts of the page 事件处置: its address, its list by clock, the chosen case and what is done with it."""
