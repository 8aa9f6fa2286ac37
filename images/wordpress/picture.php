<?php
// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// WordPress's editor of pictures, which refuses those that would need too much memory, before it decodes them.

declare(strict_types=1);

final class Ft_Services_Picture extends WP_Image_Editor_GD
{
    /**
     * @return true|WP_Error
     */
    public function load()
    {
        $reason = ft_services_too_large($this->file);
        return $reason === '' ? parent::load() : new WP_Error('error_loading_image', $reason, $this->file);
    }
}
