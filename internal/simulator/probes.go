package simulator

import (
	"net/http"
	"strconv"
	"time"
)

// me is GET /backend-api/me: who the login belongs to.
func (x *visit) me() {
	if !x.chatgptAccount() {
		return
	}
	who := x.server.ledger.identity
	x.json(http.StatusOK, struct {
		Object  string  `json:"object"`
		ID      string  `json:"id"`
		Email   string  `json:"email"`
		Name    string  `json:"name"`
		Picture *string `json:"picture"`
		Created int64   `json:"created"`
	}{Object: "user", ID: who.UserID, Email: who.Email, Name: "Ada", Created: time.Now().AddDate(-1, 0, 0).Unix()})
}

// conversations is GET /backend-api/conversations: none, by pages.
func (x *visit) conversations() {
	if !x.chatgptAccount() {
		return
	}
	page := struct {
		Items  []struct{} `json:"items"`
		Total  int        `json:"total"`
		Limit  int        `json:"limit"`
		Offset int        `json:"offset"`
	}{Items: []struct{}{}}
	var err error
	query := x.r.URL.Query()
	if page.Offset, err = strconv.Atoi(query.Get("offset")); err != nil || page.Offset < 0 {
		x.detail(http.StatusUnprocessableEntity, "Input should be a valid integer: offset")
		return
	}
	if page.Limit, err = strconv.Atoi(query.Get("limit")); err != nil || page.Limit < 1 || page.Limit > 100 {
		x.detail(http.StatusUnprocessableEntity, "Input should be an integer from 1 to 100: limit")
		return
	}
	x.json(http.StatusOK, page)
}
