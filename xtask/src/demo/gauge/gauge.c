#include "gauge.h"

int mean(const int *levels, int count)
{
    long sum = 0;
    for (int i = 0; i < count; i++)
        sum += levels[i];
    return count > 0 ? (int)(sum / count) : 0;
}

int highest(const int *levels, int count)
{
    int most = 0;
    for (int i = 0; i < count; i++)
        if (i == 0 || levels[i] > most)
            most = levels[i];
    return most;
}

int rises(const int *levels, int count)
{
    for (int i = 1; i < count; i++)
        if (levels[i] <= levels[i - 1])
            return 0;
    return count > 1;
}
