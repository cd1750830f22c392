QUALITIES = ("best", "worst")


def best(asked):
    return asked if asked in QUALITIES else "best"
