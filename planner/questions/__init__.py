"""Physics questions made anew: texts, answers, and the scene programs behind them.

The data of *Mind's Eye* (Liu et al., 2022, arXiv:2210.05359) was never published;
what is here is a re-creation, written from the paper's description.
"""
