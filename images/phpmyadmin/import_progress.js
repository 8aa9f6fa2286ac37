// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Shows how much of an import has been sent, and lets people stop it. phpMyAdmin's own way needs an extension of PHP that the packages
// lack, and its script for it does not run. The file goes to the same address by a request of the page, as files do that are dropped on it.

(() => {
  const FORM = "import_file_form";

  const size = (bytes) => Functions.formatBytes(bytes, 1, Messages.strDecimalSeparator);
  const message = (kind, text) => {
    const box = document.createElement("div");
    box.className = `alert alert-${kind}`;
    box.setAttribute("role", "alert");
    box.textContent = text;
    return box;
  };

  /** A bar, what it says, and a button to stop; in place of what phpMyAdmin would show there. */
  function progress(stop) {
    const place = document.getElementById("upload_form_status_info");
    const bar = document.createElement("progress");
    const said = document.createElement("span");
    const button = document.createElement("button");
    bar.setAttribute("aria-label", Messages.strProcessingRequest);
    bar.max = 1;
    bar.value = 0;
    said.className = "mx-2";
    button.type = "button";
    button.className = "btn btn-secondary btn-sm";
    button.textContent = Messages.dropImportMessageCancel;
    button.addEventListener("click", stop);
    place.replaceChildren(bar, said, button);
    return {
      sent(done, total) {
        bar.value = done / total;
        said.textContent = `${Math.floor((100 * done) / total)} %, ${size(done)} / ${size(total)}`;
      },
      // The server tells nothing until all is done.
      works() {
        bar.removeAttribute("value");
        said.textContent = Messages.strProcessingRequest;
      },
      end: () => place.replaceChildren(),
    };
  }

  /** Of many statements the answer says only what the last one did; what became of all of them is asked for. */
  async function shown(answer) {
    if (!answer.success || answer.sql_query === undefined) return answer;
    try {
      const query = new URLSearchParams({ route: "/import-status", message: "true", server: CommonParams.get("server") });
      const told = await fetch(`index.php?${query}`, { signal: AbortSignal.timeout(10000) });
      return told.ok ? { ...answer, message: await told.text(), reloadNavigation: true } : answer;
    } catch {
      return answer;
    }
  }

  function send(form) {
    const button = document.getElementById("buttonGo");
    const data = new FormData(form);
    data.append("ajax_request", "true");
    data.append("ajax_page_request", "true");
    const bar = progress(() => AJAX.xhr?.abort());
    button.disabled = true;
    // As phpMyAdmin does with every request for a page: who follows a link meanwhile stops it.
    AJAX.active = true;
    AJAX.xhr = $.ajax({
      url: form.action,
      type: "POST",
      data,
      contentType: false,
      processData: false,
      xhr() {
        const request = $.ajaxSettings.xhr();
        request.upload.addEventListener("progress", (event) => bar.sent(event.loaded, event.total));
        request.upload.addEventListener("load", bar.works);
        return request;
      },
    })
      .done(async (answer) => AJAX.responseHandler(await shown(answer)))
      // What failed stands in phpMyAdmin's own message.
      .fail((request, status) => {
        if (status === "abort") Functions.ajaxShowMessage(Messages.strAbortedRequest);
        AJAX.active = false;
        AJAX.xhr = null;
      })
      .always(() => {
        bar.end();
        button.disabled = false;
      });
  }

  // After phpMyAdmin's own handlers, which refuse a form that is not complete.
  window.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.id !== FORM || event.defaultPrevented || AJAX.active) return;
    const file = form.elements.import_file?.files[0];
    const most = Number(form.elements.MAX_FILE_SIZE?.value);
    if (!file) return;
    event.preventDefault();
    if (file.size > most) {
      const text = `${file.name} has ${size(file.size)}, and an import takes ${size(most)}: compress it (.sql.gz or .sql.zip), or import it in parts.`;
      document.getElementById("upload_form_status_info").replaceChildren(message("danger", text));
      return;
    }
    send(form);
  });
})();
