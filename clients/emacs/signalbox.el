;;; signalbox.el --- Spawn signalbox and talk to it  -*- lexical-binding: t; -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "27.1") (jsonrpc "1.0.15"))
;; Keywords: tools, processes
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; A process that owns your OpenAI credentials and routing.  `signalbox-start'
;; spawns it; `signalbox-create' streams a response; `signalbox-status' returns
;; who you are.  `jsonrpc-request' and its relatives work on the connection.
;; See README.md.

;;; Code:

(require 'cl-lib)
(require 'jsonrpc)

(defgroup signalbox nil
  "OpenAI credentials and routing in a process of their own."
  :group 'tools)

(defcustom signalbox-command '("signalbox" "serve")
  "The program and its arguments."
  :type '(repeat string))

(defclass signalbox-connection (jsonrpc-process-connection)
  ((streams :initform (make-hash-table :test #'equal) :accessor signalbox--streams
            :documentation "Functions of the events of live streams, by id.")
   (ended :initform nil :accessor signalbox--ended
          :documentation "Ids of requests that an unreadable message has ended.")
   (server :initform nil :accessor signalbox-server
           :documentation "What the process said to initialize.")
   (on-notification :initarg :on-notification :initform #'ignore
                    :accessor signalbox--on-notification))
  :documentation "A running signalbox.")

(defvar signalbox--last-stream 0)

(defun signalbox--here (function)
  "Return FUNCTION as one that is called in the buffer that is current now.
If that buffer has been killed, a temporary one is current instead."
  (let ((buffer (current-buffer)))
    (lambda (&rest arguments)
      (if (buffer-live-p buffer)
          (with-current-buffer buffer (apply function arguments))
        (with-temp-buffer (apply function arguments))))))

(defun signalbox--dispatch (box method params)
  "Hand the notification METHOD of BOX with PARAMS to whom it concerns."
  (when-let ((on-event (and (eq method 'responses/event)
                            (gethash (plist-get params :streamId) (signalbox--streams box)))))
    (funcall on-event (plist-get params :event)))
  (funcall (signalbox--on-notification box) method params))

;; jsonrpc.el drops a message that `json-parse-buffer' does not take (half a
;; surrogate pair; before Emacs 30 also \u0000 and integers above 2^63), and the
;; request that it belongs to then waits for ever.  So the frames are cut here.

(defun signalbox--read-json ()
  "Return the JSON value after point as jsonrpc.el wants it."
  (if (fboundp 'json-parse-buffer)
      (json-parse-buffer :object-type 'plist :null-object nil :false-object :json-false)
    (require 'json)
    (defvar json-object-type)
    (declare-function json-read "json" ())
    (let ((json-object-type 'plist)) (json-read))))

(defun signalbox--delivery (box message)
  "Return the function that hands MESSAGE of BOX to jsonrpc.el."
  (let ((id (plist-get message :id)))
    (if (or (plist-get message :method) (not (memq id (signalbox--ended box))))
        (lambda () (jsonrpc-connection-receive box message))
      ;; The reply to a request that was ended before.
      (setf (signalbox--ended box) (delq id (signalbox--ended box)))
      #'ignore)))

(defun signalbox--unreadable (box why)
  "Return the function that ends the request of the message after point.
BOX wrote the message, and it cannot be parsed because of WHY: a reply,
or a notification of a stream, which is then cancelled."
  (let* ((reply (looking-at "{\"jsonrpc\":\"2\\.0\",\"id\":\\([0-9]+\\),"))
         (stream (and (not reply)
                      (looking-at "{\"jsonrpc\":\"2\\.0\",\"method\":\"responses/")
                      (re-search-forward "\"requestId\":\\([0-9]+\\)" nil t)))
         (id (and (or reply stream) (string-to-number (match-string 1))))
         (message (list :id id
                        :error (list :code -32700
                                     :message (format "Emacs cannot parse a message of signalbox: %s."
                                                      (error-message-string why))
                                     :data '(:kind "parse_error" :retryable :json-false)))))
    (cond (reply (signalbox--delivery box message))
          ((or (not stream) (memq id (signalbox--ended box))) #'ignore)
          (t (push id (signalbox--ended box))
             (lambda ()
               (jsonrpc-notify box '$/cancelRequest (list :id id))
               (jsonrpc-connection-receive box message))))))

(defun signalbox--next-delivery (box)
  "Take the next message of BOX out of the current buffer.
Return the function that delivers it, or nil when none is complete."
  (goto-char (point-min))
  (when (re-search-forward "Content-Length: \\([0-9]+\\)\r\n\r\n" nil t)
    (let ((end (+ (position-bytes (point)) (string-to-number (match-string 1)))))
      (when (<= end (position-bytes (point-max)))
        (save-restriction
          (narrow-to-region (point) (byte-to-position end))
          (prog1 (condition-case why
                     (signalbox--delivery box (save-excursion (signalbox--read-json)))
                   (error (signalbox--unreadable box why)))
            (widen)
            (let ((inhibit-read-only t))
              (delete-region (point-min) (byte-to-position end)))))))))

(defun signalbox--filter (process string)
  "Hand on the messages that STRING, which PROCESS wrote, completes."
  (let ((box (process-get process 'jsonrpc-connection))
        (buffer (process-buffer process))
        deliver)
    (when (buffer-live-p buffer)
      (with-current-buffer buffer
        (let ((inhibit-read-only t))
          (goto-char (point-max))
          (insert string)))
      (unwind-protect
          (while (setq deliver (with-current-buffer buffer (signalbox--next-delivery box)))
            (with-temp-buffer (funcall deliver)))
        ;; A callback left, by an error or as `jsonrpc-request' does; others wait.
        (when deliver (run-at-time 0 nil #'signalbox--filter process ""))))))

(defconst signalbox--capabilities '(:general (:wellFormedStrings t))
  "What the parser of Emacs needs: it refuses half a surrogate pair.")

(cl-defun signalbox-start (&key (command signalbox-command) (on-notification #'ignore)
                                (capabilities signalbox--capabilities))
  "Spawn COMMAND, initialize it with CAPABILITIES and return the connection.
ON-NOTIFICATION is called with the name, a symbol, and the plist of
each notification, in the buffer that is current now."
  (let ((box (make-instance
              'signalbox-connection
              :name "signalbox"
              :notification-dispatcher #'signalbox--dispatch
              :on-notification (signalbox--here on-notification)
              :process (lambda ()
                         (make-process :name "signalbox" :command command :noquery t
                                       :connection-type 'pipe :coding 'utf-8-emacs-unix
                                       :stderr (get-buffer-create "*signalbox stderr*"))))))
    (set-process-filter (jsonrpc--process box) #'signalbox--filter)
    (setf (signalbox-server box)
          (jsonrpc-request box 'initialize
                           (list :processId (emacs-pid)
                                 :clientInfo (list :name "Emacs" :version emacs-version)
                                 :capabilities capabilities)))
    (jsonrpc-notify box 'initialized nil)
    box))

(defun signalbox-status (box)
  "Return who the user of BOX is and which routes can be used."
  (jsonrpc-request box 'auth/status nil))

(cl-defun signalbox-create (box body &key on-event on-done)
  "Stream the response to BODY, a plist of the Responses API, and return its id.
ON-EVENT is called with the plist of each event of the upstream.  At
the end ON-DONE is called with an error or nil, and with the result.
Both are called in the buffer that is current now."
  (let* ((on-event (signalbox--here (or on-event #'ignore)))
         (on-done (signalbox--here (or on-done #'ignore)))
         (meta (plist-get body :_meta))
         (id (or (plist-get meta :streamId)
                 (format "emacs-%d" (cl-incf signalbox--last-stream))))
         (done (lambda (failure result)
                 (remhash id (signalbox--streams box))
                 (funcall on-done failure result))))
    (puthash id on-event (signalbox--streams box))
    (jsonrpc-async-request
     box 'responses/create
     (append (list :_meta (append (list :streamId id) meta) :stream t) body)
     :timeout nil                       ; a model may think for long
     :success-fn (lambda (result) (funcall done nil result))
     :error-fn (lambda (failure) (funcall done failure nil)))
    id))

(defun signalbox-cancel (box id)
  "End the stream ID of BOX; its result then has the status \"cancelled\"."
  (jsonrpc-async-request box 'responses/cancel (list :streamId id) :success-fn #'ignore))

(cl-defun signalbox-login (box method &key on-done)
  "Log in with METHOD, \"browser\", \"device\" or \"apiKey\".
The notification auth/loginPrompt says what to show.  At the end
ON-DONE is called with an error or nil, and with the result, in the
buffer that is current now."
  (let ((on-done (signalbox--here (or on-done #'ignore))))
    (jsonrpc-async-request
     box 'auth/login (list :method method)
     :timeout nil
     :success-fn (lambda (result) (funcall on-done nil result))
     :error-fn (lambda (failure) (funcall on-done failure nil)))))

(defun signalbox--wait (process seconds)
  "Wait until PROCESS has ended, for at most SECONDS."
  (let ((end (time-add nil seconds)))
    (while (and (process-live-p process) (time-less-p nil end))
      (accept-process-output process 0.05))))

(defun signalbox-close (box)
  "Shut BOX down and return its exit code.
A refreshed login may need 30 seconds until it is saved, and only
SIGKILL loses it: SIGTERM follows after 2 seconds, SIGKILL after 37."
  (let ((process (jsonrpc--process box)))
    (when (jsonrpc-running-p box)
      (ignore-errors                    ; it may end at any time
        (jsonrpc-async-request box 'shutdown nil :timeout nil :success-fn #'ignore :error-fn #'ignore)
        (jsonrpc-notify box 'exit nil)
        (process-send-eof process))
      (signalbox--wait process 2)
      (dolist (step '((SIGTERM . 35) (SIGKILL . 2)))
        (when (process-live-p process)
          (signal-process process (car step))
          (signalbox--wait process (cdr step)))))
    (process-exit-status process)))

(provide 'signalbox)
;;; signalbox.el ends here
