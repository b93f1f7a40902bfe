"""The walkthrough of ``examples/walkthrough`` end to end: converted, served, used by a browser."""
