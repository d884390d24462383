;;; signalbox-test.el --- Real Emacs, real signalbox  -*- lexical-binding: t; -*-

;; emacs --batch -Q -L . -l signalbox-test.el -f ert-run-tests-batch-and-exit

;;; Code:

(require 'ert)
(require 'signalbox)

(defconst signalbox-test-binary
  (or (getenv "SIGNALBOX")
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
  "Wait until CONDITION gives WHAT."
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

(ert-deftest signalbox-test-compiles ()
  "The file compiles without a warning."
  (let ((byte-compile-error-on-warn t)
        (byte-compile-dest-file-function (lambda (_) (make-temp-file "signalbox" nil ".elc"))))
    (should (byte-compile-file (locate-library "signalbox.el")))))

;;; signalbox-test.el ends here
