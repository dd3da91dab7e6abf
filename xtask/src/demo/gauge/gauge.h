#ifndef GAUGE_H
#define GAUGE_H

/* The mean of count levels, in millimetres; 0 if there are none. */
int mean(const int *levels, int count);

/* The highest of count levels; 0 if there are none. */
int highest(const int *levels, int count);

/* Whether the stream rises over the whole of the levels. */
int rises(const int *levels, int count);

#endif
