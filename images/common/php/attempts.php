<?php
// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Slows down who guesses passwords: after some failures of a client at an account, or of a client at all accounts, the next try
// has to wait, twice as long each time, a minute at most. Another client of the same account does not wait.
//
// The counters lie in memory, in a file whose size never changes. Names are hashed into it with a random key; two that meet
// in a place only wait for each other.

declare(strict_types=1);

final class Attempts
{
    private const PLACES = 4096;
    private const KEY = 16;
    // Failures that cost no wait.
    private const FREE_ACCOUNT = 5;
    private const FREE_CLIENT = 20;
    // Seconds: the first wait, the longest, and until a failure is forgotten.
    private const FIRST = 4;
    private const LONGEST = 60;
    private const FORGOTTEN = 900;

    public function __construct(private readonly string $path = '/run/attempts')
    {
    }

    /** Seconds that this client has to wait before its next try at this account; 0 for none. */
    public function wait(string $account, string $client): int
    {
        return $this->update($account, $client, static fn (int $last, int $count): array => [$last, $count]);
    }

    /** Count a failure. */
    public function failed(string $account, string $client): void
    {
        $this->update($account, $client, static fn (int $last, int $count): array => [time(), min($count + 1, 0xffff)]);
    }

    /** Forget this client's failures at this account. Its failures at others still count. */
    public function succeeded(string $account, string $client): void
    {
        $this->update($account, $client, static fn (int $last, int $count, bool $pair): array => $pair ? [0, 0] : [$last, $count]);
    }

    /**
     * Change both counters, and tell how long to wait by what they were.
     *
     * @param callable(int, int, bool): array{int, int} $change gives time of the last failure and number of failures, new for old
     */
    private function update(string $account, string $client, callable $change): int
    {
        $file = fopen($this->path, 'c+b');
        if ($file === false || !flock($file, LOCK_EX)) {
            throw new RuntimeException("$this->path cannot be opened or locked");
        }
        try {
            $key = (string) fread($file, self::KEY);
            if (strlen($key) < self::KEY) {
                $key = random_bytes(self::KEY);
                rewind($file);
                fwrite($file, $key);
                ftruncate($file, self::KEY + 8 * self::PLACES);
            }
            $wait = 0;
            foreach ([[true, strtolower(trim($account)) . "\0$client", self::FREE_ACCOUNT], [false, $client, self::FREE_CLIENT]] as [$pair, $name, $free]) {
                $hash = unpack('N', hash_hmac('sha256', ($pair ? 'pair' : 'client') . "\0$name", $key, true));
                $place = self::KEY + 8 * ($hash[1] % self::PLACES);
                fseek($file, $place);
                ['last' => $last, 'count' => $count] = unpack('Nlast/Ncount', (string) fread($file, 8));
                if (time() - $last > self::FORGOTTEN) {
                    $count = 0;
                }
                if ($count >= $free) {
                    $wait = max($wait, $last + min(self::LONGEST, self::FIRST * 2 ** min($count - $free, 10)) - time());
                }
                fseek($file, $place);
                fwrite($file, pack('NN', ...$change($last, $count, $pair)));
            }
            return $wait;
        } finally {
            fclose($file);
        }
    }
}
