<?php
// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Compiles every template of phpMyAdmin into a folder, while the image is built. A template that is compiled when a person first
// asks for it makes that page slow, and what the compiler says of deprecated calls stands on the page.

declare(strict_types=1);

// The compiled files are named after the templates' paths as index.php finds them: links resolved, from its own folder.
define('ROOT_PATH', realpath('/usr/share/webapps/phpmyadmin') . '/');
chdir(ROOT_PATH);
const PHPMYADMIN = true;

require ROOT_PATH . 'libraries/constants.php';
require AUTOLOAD_FILE;

// Where a release looks for it elsewhere, an import would show no progress, and say nothing about that.
if (!is_file(CUSTOM_FOOTER_FILE)) {
    fwrite(STDERR, 'phpMyAdmin looks for its footer at ' . CUSTOM_FOOTER_FILE . "\n");
    exit(1);
}

error_reporting(E_ALL & ~E_DEPRECATED & ~E_USER_DEPRECATED);
$cfg = ['environment' => 'production'];
$containerBuilder = PhpMyAdmin\Core::getContainerBuilder();
$twig = PhpMyAdmin\Template::getTwigEnvironment($argv[1]);
$folder = PhpMyAdmin\Template::TEMPLATES_FOLDER . '/';
$count = 0;
foreach (new RecursiveIteratorIterator(new RecursiveDirectoryIterator($folder, FilesystemIterator::SKIP_DOTS)) as $file) {
    if ($file->getExtension() === 'twig') {
        $twig->load(substr($file->getPathname(), strlen($folder)));
        $count++;
    }
}
echo "$count templates are compiled\n";
exit($count > 0 ? 0 : 1);
