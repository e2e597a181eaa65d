/* main.c -- the one binary. Which verb runs is cli's business. */
#include <stdio.h>

int main(void)
{
    puts("usage: tensord [serve|show|run|bench] ...");
    return 0;
}
