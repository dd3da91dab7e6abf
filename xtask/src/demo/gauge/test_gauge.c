#include "gauge.h"

#include <stdio.h>
#include <stdlib.h>

static void check(const char *what, int expected, int got)
{
    if (expected == got) {
        printf("\033[32mok\033[0m %s: %d\n", what, got);
        return;
    }
    fprintf(stderr, "\033[31mFAILED\033[0m %s: expected %d, got %d\n", what, expected, got);
    exit(1);
}

/* Runs the test of the number that is given. */
int main(int argc, char **argv)
{
    static const int spring[] = {410, 433, 457, 502, 519};
    static const int autumn[] = {519, 480, 431};
    switch (argc > 1 ? atoi(argv[1]) : 0) {
    case 1: check("highest in spring", 519, highest(spring, 5)); break;
    case 2: check("highest of nothing", 0, highest(spring, 0)); break;
    case 3: check("spring rises", 1, rises(spring, 5)); break;
    case 4: check("autumn does not", 0, rises(autumn, 3)); break;
    case 5: check("mean of autumn", 476, mean(autumn, 3)); break;
    case 6: check("mean in spring", 464, mean(spring, 5)); break;
    case 7: check("mean of nothing", 0, mean(spring, 0)); break;
    default: return 2;
    }
    return 0;
}
