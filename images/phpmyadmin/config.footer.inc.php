<?php
// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Stands at the end of every page of phpMyAdmin.

declare(strict_types=1);

echo '<script src="js/import_progress.js"></script>';
