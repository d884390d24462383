;;; signalbox-test.el --- Real Emacs, real signalbox  -*- lexical-binding: t; -*-

;; emacs --batch -Q -L . -l signalbox-test.el -f ert-run-tests-batch-and-exit

;;; Code:

(require 'ert)
(require 'signalbox)

(defconst signalbox-test-binary
  (or (getenv "SIGNALBOX_BIN")
      (expand-file-name "../../signalbox" (file-name-directory (or load-file-name buffer-file-name)))))

(defvar signalbox-test-seen nil "The notifications, newest first.")

(defmacro signalbox-test-with (box scenario &rest body)
  "Run BODY with BOX, a signalbox that simulates SCENARIO, and close it."
  (declare (indent 2))
  `(let* ((signalbox-test-seen nil)
          (,box (signalbox-start
                 :command (list signalbox-test-binary "serve"
                                (if ,scenario (concat "--simulate=" ,scenario) "--simulate"))
                 :on-notification (lambda (method params)
                                    (unless (eq method 'limits/changed) ; at any time
                                      (push (cons method params) signalbox-test-seen))))))
     (unwind-protect (progn ,@body)
       (should (equal 0 (signalbox-close ,box))))))

(defun signalbox-test-await (what condition)
  "Wait until CONDITION holds; WHAT is its name."
  (with-timeout (30 (error "%s did not come" what))
    (while (not (funcall condition)) (accept-process-output nil 0.01))))

(defconst signalbox-test-codex '(:model "gpt-5.2-codex" :input "What is 2+2?"))

(ert-deftest signalbox-test-status ()
  (signalbox-test-with box nil
    (should (equal "lsp" (plist-get (plist-get (signalbox-server box) :capabilities) :framing)))
    (should (equal "authenticated" (plist-get (signalbox-status box) :state)))))

(ert-deftest signalbox-test-stream ()
  (signalbox-test-with box nil
    (let (text result)
      (signalbox-create box signalbox-test-codex
                        :on-event (lambda (event)
                                    (when (equal (plist-get event :type) "response.output_text.delta")
                                      (setq text (concat text (plist-get event :delta)))))
                        :on-done (lambda (failure r) (setq result (or r failure))))
      (signalbox-test-await "the result" (lambda () result))
      (should (equal "2 + 2 = 4." text))
      (should (equal "completed" (plist-get result :status)))
      (should (equal "gpt-5.2-codex" (plist-get (plist-get result :evidence) :effective_model))))))

(ert-deftest signalbox-test-cancel ()
  (signalbox-test-with box "slow"
    (let* (result
           (id (signalbox-create box signalbox-test-codex
                                 :on-done (lambda (failure r) (setq result (or r failure))))))
      (signalbox-test-await "the start" (lambda () signalbox-test-seen))
      (signalbox-cancel box id)
      (signalbox-test-await "the result" (lambda () result))
      (should (equal "cancelled" (plist-get result :status)))
      (should (eq 'responses/completed (caar signalbox-test-seen))))))

(ert-deftest signalbox-test-cancel-request ()
  (signalbox-test-with box "slow"
    (let (failure)
      (let ((id (car (jsonrpc--async-request-1
                      box 'responses/create (append '(:stream t) signalbox-test-codex)
                      :timeout nil :success-fn #'ignore :error-fn (lambda (f) (setq failure f))))))
        (signalbox-test-await "the start" (lambda () signalbox-test-seen))
        (jsonrpc-notify box '$/cancelRequest (list :id id))
        (signalbox-test-await "the error" (lambda () failure))
        (should (equal -32800 (plist-get failure :code)))))))

(ert-deftest signalbox-test-failure ()
  (signalbox-test-with box "usage-limit"
    (let (failure)
      (signalbox-create box signalbox-test-codex :on-done (lambda (f _result) (setq failure f)))
      (signalbox-test-await "the error" (lambda () failure))
      (should (equal 1103 (plist-get failure :code)))
      (should (equal "rate_limited" (plist-get (plist-get failure :data) :kind))))))

(ert-deftest signalbox-test-login ()
  (signalbox-test-with box "logged-out"
    (let (result)
      (signalbox-login box "device" :on-done (lambda (failure r) (setq result (or r failure))))
      (signalbox-test-await "the result" (lambda () result))
      (should (equal "succeeded" (plist-get result :status)))
      (should (equal '(auth/loginPrompt auth/changed auth/loginCompleted)
                     (mapcar #'car (reverse signalbox-test-seen))))
      (should (string-match-p "\\`[0-9A-Z]\\{4\\}-[0-9A-Z]+\\'"
                              (plist-get (cdar (last signalbox-test-seen)) :userCode)))
      (should (equal "authenticated" (plist-get (plist-get result :auth) :state))))))

;; A server on loopback.

(defun signalbox-test-serve (answer)
  "Listen on loopback, and answer each request as ANSWER says.
It is called with a function that sends bytes and with one that ends
the connection.  Return the server process; its plist has :requests and
:closed, which count."
  (make-network-process
   :name "upstream" :server t :family 'ipv4 :host "127.0.0.1" :service t :coding 'binary :noquery t
   :plist (list :requests 0 :closed 0)
   :sentinel (lambda (client change)
               (when-let ((server (process-get client :server)))
                 (unless (string-prefix-p "open" change) (signalbox-test-count server :closed))))
   :filter (lambda (client bytes)
             (let* ((request (concat (process-get client :request) bytes))
                    (head (string-match "\r\n\r\n" request))
                    (case-fold-search t)
                    (length (if (string-match "content-length: *\\([0-9]+\\)" request)
                                (string-to-number (match-string 1 request))
                              0)))
               (process-put client :request request)
               (when (and head (>= (length request) (+ head 4 length)))
                 (process-put client :request nil)
                 (signalbox-test-count (process-get client :server) :requests)
                 (funcall answer
                          (lambda (text) (when (process-live-p client) (process-send-string client text)))
                          (lambda () (delete-process client))))))
   :log (lambda (server client _) (process-put client :server server))))

(defun signalbox-test-count (server name)
  "Add one to the counter NAME of SERVER."
  (process-put server name (1+ (process-get server name))))

(defun signalbox-test-http (kind body)
  "Return an answer of the type KIND with BODY, which ends with the connection."
  (format "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nConnection: close\r\n\r\n%s" kind body))

(defun signalbox-test-real (environment &rest arguments)
  "Return a signalbox that does not simulate, with ENVIRONMENT, a list of assignments.
ARGUMENTS are further ones of `signalbox-start'."
  (let ((process-environment (append environment process-environment)))
    (apply #'signalbox-start :command (list signalbox-test-binary "serve") arguments)))

(defun signalbox-test-unparsable (json)
  "Return whether this Emacs refuses the value JSON."
  (condition-case nil (ignore (json-parse-string (format "[%s]" json))) (error t)))

(defun signalbox-test-stream-with (value capabilities)
  "Stream an event with VALUE to a signalbox that knows CAPABILITIES.
Return the text of the deltas around it, and the failure or the result."
  (let* ((home (make-temp-file "signalbox" t))
         (events (list "created\",\"response\":{\"id\":\"resp_1\",\"status\":\"in_progress\"}"
                       "output_text.delta\",\"delta\":\"before\""
                       (format "new\",\"value\":%s" value)
                       "output_text.delta\",\"delta\":\"after\""))
         (upstream (signalbox-test-serve
                    (lambda (send _end)
                      (funcall send
                               (signalbox-test-http
                                "text/event-stream"
                                (mapconcat (lambda (event) (format "data: {\"type\":\"response.%s}\n\n" event)) events ""))))))
         (box (signalbox-test-real
               (list (concat "CODEX_HOME=" home) "OPENAI_API_KEY=sk-signalbox-canary"
                     (format "OPENAI_BASE_URL=http://127.0.0.1:%d/v1" (process-contact upstream :service)))
               :capabilities capabilities))
         (text "") failure result id)
    (setq id (signalbox-create box '(:model "gpt-5.2-pro" :input "x")
                               :on-event (lambda (event)
                                           (setq text (concat text (plist-get event :delta) (plist-get event :value)))
                                           (when (string-suffix-p "after" text) (signalbox-cancel box id)))
                               :on-done (lambda (f r) (setq failure f result r))))
    (signalbox-test-await "the end" (lambda () (or failure result)))
    (signalbox-test-await "the end of the upstream's stream" (lambda () (= 1 (process-get upstream :closed))))
    (should (equal nil (jsonrpc-request box 'ping nil)))
    (signalbox-test-await "the late reply" (lambda () (null (signalbox--ended box))))
    (should (equal 0 (signalbox-close box)))
    (delete-process upstream)
    (delete-directory home t)
    (list text failure result)))

(ert-deftest signalbox-test-unreadable ()
  "A message that cannot be parsed ends its stream with an error, and the upstream's."
  (dolist (value '("\"\\ud800\"" "\"\\u0000\"" "9223372036854775808"))
    (when (signalbox-test-unparsable value)
      (pcase-let ((`(,text ,failure ,_) (signalbox-test-stream-with value nil)))
        (should (equal "before" text))
        (should (equal -32700 (plist-get failure :code)))
        (should (equal "parse_error" (plist-get (plist-get failure :data) :kind)))
        (should (string-prefix-p "Emacs cannot parse a message of signalbox: " (plist-get failure :message)))))))

(ert-deftest signalbox-test-half-a-surrogate-pair ()
  "It is U+FFFD here."
  (pcase-let ((`(,text ,failure ,result) (signalbox-test-stream-with "\"\\ud800\"" signalbox--capabilities)))
    (should (equal nil failure))
    (should (equal "before\uFFFDafter" text))
    (should (equal "cancelled" (plist-get result :status)))))

(ert-deftest signalbox-test-unreadable-reply ()
  (let (failure (answered 0))
    (signalbox-test-with box nil
      (cl-letf (((symbol-function 'signalbox--read-json)
                 (lambda () (signal 'json-parse-error '("on purpose")))))
        (jsonrpc-async-request box 'ping nil :error-fn (lambda (f) (setq failure f)))
        (signalbox-test-await "the error" (lambda () failure)))
      (should (equal -32700 (plist-get failure :code)))
      (should (equal nil (jsonrpc-request box 'ping nil)))
      ;; Answers that came in one piece with one whose callback leaves are handed on.
      (dotimes (_ 3)
        (jsonrpc-async-request box 'ping nil :success-fn (lambda (_) (cl-incf answered) (throw 'left nil))))
      (with-timeout (30 (error "Only %d answers came" answered))
        (while (< answered 3) (catch 'left (accept-process-output nil 1)))))))

(ert-deftest signalbox-test-close-waits ()
  "The issuer answers long after the process was closed: the new login is saved."
  (let ((home (make-temp-file "signalbox" t)) (failure nil) auth tokens)
    (signalbox-test-with box nil
      (with-temp-buffer
        (insert-file-contents (plist-get (plist-get (signalbox-status box) :file) :path))
        (setq auth (json-parse-buffer))))
    (setq tokens (gethash "tokens" auth))
    (remhash "oauth_provenance" tokens)
    (with-temp-file (expand-file-name "auth.json" home) (insert (json-serialize auth)))
    (set-file-modes (expand-file-name "auth.json" home) #o600)
    (puthash "refresh_token" "rt_signalbox-canary.2" tokens)
    (let* ((answer (signalbox-test-http "application/json" (json-serialize tokens)))
           (issuer (signalbox-test-serve
                    (lambda (send end)
                      (run-at-time 6 nil (lambda () (funcall send answer) (funcall end))))))
           (box (signalbox-test-real
                 (list (concat "CODEX_HOME=" home)
                       (format "CODEX_REFRESH_TOKEN_URL_OVERRIDE=http://127.0.0.1:%d/oauth/token"
                               (process-contact issuer :service))))))
      (jsonrpc-async-request box 'auth/refresh nil :timeout nil :error-fn (lambda (f) (setq failure f)))
      (signalbox-test-await "the refresh" (lambda () (= 1 (process-get issuer :requests))))
      (should (equal 0 (signalbox-close box)))
      (should (equal -32800 (plist-get failure :code)))
      (with-temp-buffer
        (insert-file-contents (expand-file-name "auth.json" home))
        (should (search-forward "\"rt_signalbox-canary.2\"" nil t)))
      (delete-process issuer)
      (delete-directory home t))))

(ert-deftest signalbox-test-buffers ()
  "Callbacks are called in the buffer of the caller, as long as there is one."
  (signalbox-test-with box nil
    (let ((home (generate-new-buffer "home")) result)
      (dolist (gone '(nil t))
        (with-current-buffer home
          (signalbox-create box signalbox-test-codex
                            :on-event (lambda (event) (insert (or (plist-get event :delta) "")))
                            :on-done (lambda (_ r) (setq result (list r (current-buffer))))))
        (when gone (kill-buffer home))
        (setq result nil)
        (signalbox-test-await "the result" (lambda () result))
        (should (equal "completed" (plist-get (car result) :status)))
        (should (eq (not gone) (eq home (cadr result))))
        (unless gone
          (should (string-suffix-p "2 + 2 = 4." (with-current-buffer home (buffer-string)))))))))

(ert-deftest signalbox-test-readme ()
  "The snippet of the README as it stands.
The signalbox on the `exec-path' has the simulator in place of OpenAI."
  (let* ((folder (make-temp-file "signalbox" t))
         (exec-path (cons folder exec-path))
         (program (expand-file-name "signalbox" folder))
         (readme (expand-file-name "README.md" (file-name-directory (locate-library "signalbox.el"))))
         snippets said)
    (with-temp-file program
      (insert (format "#!/bin/sh\nexec '%s' \"$@\" --simulate\n" signalbox-test-binary)))
    (set-file-modes program #o755)
    (with-temp-buffer
      (insert-file-contents readme)
      (while (re-search-forward "^```elisp\n\\(\\(?:.*\n\\)*?\\)```$" nil t)
        (push (format "(progn %s)" (match-string 1)) snippets)))
    (should (= 1 (length snippets)))
    (with-temp-buffer
      (cl-letf (((symbol-function 'message)
                 (lambda (text &rest arguments) (push (apply #'format text arguments) said))))
        (eval (read (car snippets)) t)
        (signalbox-test-await "the end of the stream" (lambda () (member "done" said))))
      (should (equal "2 + 2 = 4." (buffer-string))))
    (dolist (process (process-list))
      (when-let ((box (process-get process 'jsonrpc-connection)))
        (should (equal 0 (signalbox-close box)))))
    (delete-directory folder t)))

(ert-deftest signalbox-test-compiles ()
  "The file compiles without a warning."
  (let ((byte-compile-error-on-warn t)
        (byte-compile-dest-file-function (lambda (_) (make-temp-file "signalbox" nil ".elc"))))
    (should (byte-compile-file (locate-library "signalbox.el")))))

;;; signalbox-test.el ends here
